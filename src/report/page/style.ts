/** The page's style: one column of panels, light or dark as the reader's system is. */
export const STYLE = `
:root{--ground:#f5f5f2;--panel:#fff;--ink:#1d2126;--muted:#5a626d;--line:#dcdee0;--accent:#0b6a73;--soft:#e7f0f0;--focus:#0b6a73;
--classification:#c2410c;--localization:#a16207;--both:#7c3aed;--duplicate:#1d6fd1;--background:#64748b;--missed:#be123c;
--object:#7cf29a;--detection:#ffb454;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{--ground:#131519;--panel:#1b1e24;--ink:#e6e8eb;--muted:#a3abb6;--line:#323842;--accent:#5fc3cc;--soft:#1f3338;--focus:#8fe0e7;
--classification:#f98a4b;--localization:#dcae3a;--both:#b18cff;--duplicate:#6eaef8;--background:#94a3b8;--missed:#fb6f8d}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;scroll-padding-top:4rem}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:break-word}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.25rem}
h1{font-size:1.9rem;line-height:1.2;font-weight:650;letter-spacing:-.015em;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin:0 0 .5rem}
p{margin:.5rem 0;max-width:48rem}
section{padding:2rem 0 .5rem}
.muted{color:var(--muted)}
.small{font-size:.875rem}
header p{overflow-wrap:anywhere;max-width:none}
.against{font-style:italic}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;z-index:9;background:var(--panel);padding:.5rem 1rem;border-radius:.4rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
nav{margin-top:1.25rem;border-bottom:1px solid var(--line)}
nav ul{display:flex;flex-wrap:wrap;gap:.15rem 1.4rem;list-style:none;margin:0;padding:0 0 .6rem}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:.2rem}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1rem;margin:1rem 0}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.15rem;margin:0;min-width:0}
.scroll{overflow:auto;max-width:100%}
.tall{max-height:34rem}
.headline .figure{margin:0;display:flex;align-items:baseline;gap:.75rem}
.headline .name{font-size:1.1rem;color:var(--muted)}
.headline .value{font-size:3.4rem;line-height:1.1;font-weight:650;letter-spacing:-.03em;font-variant-numeric:tabular-nums}
dl{margin:0}
dd{margin:0;font-variant-numeric:tabular-nums}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.5rem,1fr));gap:.5rem 1rem;margin-top:1rem;padding-top:.75rem;border-top:1px solid var(--line)}
.facts dt{color:var(--muted);font-size:.875rem}
.facts dd{font-weight:600}
.metrics{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13.5rem),1fr));gap:0 1.75rem;align-content:start;grid-column:span 2}
.metrics div{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;padding:.4rem 0;border-bottom:1px solid var(--line)}
.metrics dt{font-weight:600;line-height:1.3}
.metrics dt span{display:block;font-weight:400;font-size:.8125rem}
.rules{max-width:none;font-size:.9375rem}
.note{font-size:.875rem;color:var(--muted);border-left:3px solid var(--localization);padding-left:.6rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;font-weight:600;padding:0 0 .4rem}
th,td{padding:.34rem .6rem;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
tbody tr:last-child>*{border-bottom:0}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:500;color:var(--muted);font-size:.875rem;white-space:nowrap}
tbody th{font-weight:500;overflow-wrap:anywhere;min-width:6.5rem;max-width:20rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.none{color:var(--muted)}
.tall thead th{position:sticky;top:-1rem;background:var(--panel);z-index:2;box-shadow:inset 0 -1px var(--line)}
.tall tbody th{position:sticky;left:.6rem;background:var(--panel);z-index:1;min-width:7.5rem;box-shadow:-1.2rem 0 var(--panel)}
thead button{font:inherit;color:inherit;background:none;border:0;padding:.15rem 0;cursor:pointer;white-space:nowrap}
thead button::after{content:"";display:inline-block;width:.9em;text-align:right;font-size:.75em}
[aria-sort=ascending] button,[aria-sort=descending] button{color:var(--ink);font-weight:600}
[aria-sort=ascending] button::after{content:"▲"}
[aria-sort=descending] button::after{content:"▼"}
thead button:hover{color:var(--ink);text-decoration:underline}
.link{font:inherit;color:inherit;text-align:left;background:none;border:0;padding:0;overflow-wrap:anywhere}
.live .link{color:var(--accent);cursor:pointer}
.live .link:hover{text-decoration:underline}
tbody tr:hover{background:color-mix(in srgb,var(--soft) 55%,transparent)}
.chart-column{width:32%;min-width:5rem}
.bar-cell{display:block;width:100%;height:.7rem;border-radius:.2rem}
.track{fill:color-mix(in srgb,var(--line) 55%,transparent)}
.fill{fill:var(--accent)}
.dot{display:inline-block;width:.65em;height:.65em;border-radius:50%;background:var(--accent);margin-right:.5em}
.dot.classification{background:var(--classification)}.fill.classification{fill:var(--classification)}
.dot.localization{background:var(--localization)}.fill.localization{fill:var(--localization)}
.dot.both{background:var(--both)}.fill.both{fill:var(--both)}
.dot.duplicate{background:var(--duplicate)}.fill.duplicate{fill:var(--duplicate)}
.dot.background{background:var(--background)}.fill.background{fill:var(--background)}
.dot.missed{background:var(--missed)}.fill.missed{fill:var(--missed)}
figure{margin:0}
figcaption{font-weight:600}
.chart{display:block;width:100%;height:auto;margin-top:.5rem}
.axes line{stroke:var(--line)}
.axes text{fill:var(--muted);font-size:11.5px;font-variant-numeric:tabular-nums}
.axes .name{font-size:12.5px}
.curve path{fill:none;stroke:var(--missed);stroke-width:2.2;stroke-linejoin:round}
.curve circle{fill:var(--missed);stroke:var(--panel);stroke-width:1.5}
.curve.overall path{stroke:var(--accent)}
.curve.overall circle{fill:var(--accent)}
.legend{list-style:none;margin:.75rem 0;padding:0;font-size:.9375rem}
.legend li{padding-left:1.7rem;position:relative;overflow-wrap:anywhere}
.legend li::before{content:"";position:absolute;left:0;top:.7em;width:1.15rem;border-top:3px solid var(--missed)}
.legend .overall::before{border-color:var(--accent)}
.bar{fill:var(--accent)}
.over{fill:var(--missed);fill-opacity:.3}
.under{fill:var(--accent);fill-opacity:.4}
.diagonal{stroke:var(--muted);stroke-dasharray:4 4}
.matrix{width:auto;font-size:.8125rem;border-collapse:separate;border-spacing:1px}
.matrix th,.matrix td{border:0}
.matrix tbody th{vertical-align:middle;position:sticky;left:-1.15rem;z-index:1;background:var(--panel);padding:.2rem .6rem .2rem 1.15rem;font-weight:400;text-align:right;min-width:6.5rem;max-width:10rem;overflow-wrap:break-word}
.matrix thead th{padding:.3rem .1rem;vertical-align:bottom;font-size:.8125rem;font-weight:400;color:var(--ink)}
.matrix thead span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem;overflow:hidden;text-overflow:ellipsis;display:inline-block}
.matrix td{vertical-align:middle;text-align:center;padding:.2rem .25rem;min-width:2.1rem;font-variant-numeric:tabular-nums;border-radius:.15rem}
.matrix .same{box-shadow:inset 0 0 0 1px color-mix(in srgb,var(--muted) 45%,transparent)}
.narrow{max-width:44rem}
.errors tbody th{white-space:nowrap}
.all{grid-column:1/-1}
.h0{background:color-mix(in srgb,var(--line) 28%,transparent)}
.h1{background:color-mix(in srgb,var(--accent) 8%,var(--panel))}
.h2{background:color-mix(in srgb,var(--accent) 17%,var(--panel))}
.h3{background:color-mix(in srgb,var(--accent) 26%,var(--panel))}
.h4{background:color-mix(in srgb,var(--accent) 36%,var(--panel))}
.h5{background:color-mix(in srgb,var(--accent) 46%,var(--panel));color:var(--ink)}
.h6{background:color-mix(in srgb,var(--accent) 85%,var(--panel));color:var(--panel)}
.h7{background:color-mix(in srgb,var(--accent) 90%,var(--panel));color:var(--panel)}
.h8{background:color-mix(in srgb,var(--accent) 95%,var(--panel));color:var(--panel)}
.h9{background:var(--accent);color:var(--panel)}
.scripted{display:none}
.live .controls{display:flex}
.controls{flex-wrap:wrap;align-items:end;gap:.75rem 1.25rem;margin:1rem 0;max-width:none}
.controls label{font-size:.875rem;color:var(--muted);max-width:100%}
select,input[type=search],.controls>button,.buttons button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid color-mix(in srgb,var(--muted) 60%,var(--line));border-radius:.4rem;padding:.4rem .65rem;min-height:2.5rem}
select,input[type=search]{display:block;margin-top:.2rem;max-width:min(100%,18rem)}
.controls>button{padding:.5rem 1.4rem;cursor:pointer}
.controls>button:hover,.buttons button:hover{border-color:var(--accent);color:var(--accent)}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.4rem;min-width:0}
legend{font-size:.875rem;color:var(--muted);padding:0;margin-bottom:.2rem}
.controls .chip{display:inline-flex;align-items:center;min-height:2.5rem;padding:.3rem .75rem .3rem .65rem;border:1px solid var(--line);border-radius:2rem;background:var(--panel);color:var(--ink);cursor:pointer;font-size:.9375rem}
.chip .muted{margin-left:.45em;font-size:.8125rem;font-variant-numeric:tabular-nums}
.chip input{accent-color:var(--accent);margin:0 .55em 0 0;width:1rem;height:1rem}
.chip:has(:focus-visible){outline:2px solid var(--focus);outline-offset:2px}
.chip :focus-visible{outline:0}
.chip:not(:has(:checked)){background:none;color:var(--muted)}
.keys{display:flex;gap:1.5rem}
.keys li::before{top:.3em;width:1.1rem;height:.9rem;border:2.5px solid}
.keys .key-over::before{border:0;background:var(--missed);opacity:.3}
.keys .key-under::before{border:0;background:var(--accent);opacity:.4}
.keys .key-object::before{border-color:#1f9d46}
.keys .key-detection::before{border:2.5px dashed #c46a00}
.cards{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:1rem}
.card{background:var(--panel);border:1px solid var(--line);border-radius:.6rem;overflow:hidden;min-width:0;contain:content}
.picture{display:block;position:relative;width:100%;aspect-ratio:4/3;padding:0;border:0;background:#23272e;color:#e6e8eb;font:inherit}
.live .picture{cursor:zoom-in}
.card :focus-visible{outline-offset:-3px;outline:3px solid var(--focus);box-shadow:inset 0 0 0 5px var(--panel)}
.picture svg{display:block;width:100%;height:100%}
.card:hover .picture svg{filter:brightness(1.06)}
.no-picture{position:absolute;left:.6rem;bottom:.4rem;font-size:.8125rem}
.store{position:absolute;width:0;height:0}
rect.halo,rect.object,rect.detection{fill:none;vector-effect:non-scaling-stroke}
rect.halo{stroke:#000;stroke-opacity:.6;stroke-width:4.5}
rect.object{stroke:var(--object);stroke-width:2}
rect.detection{stroke:var(--detection);stroke-width:2.25;stroke-dasharray:7 4}
text.object,text.detection{fill:var(--object);stroke:#000;stroke-opacity:.8;stroke-width:.22em;paint-order:stroke;stroke-linejoin:round}
text.detection{fill:var(--detection)}
.card figcaption{padding:.65rem .8rem .8rem;font-weight:400;display:grid;gap:.05rem;font-size:.9375rem;line-height:1.4;overflow-wrap:anywhere}
.card b{font-weight:600}
.type{font-size:.8125rem;color:var(--muted)}
.file{font-size:.8125rem}
dialog{width:min(96vw,64rem);max-height:96vh;max-height:96dvh;border:1px solid var(--line);border-radius:.7rem;background:var(--panel);color:var(--ink);padding:1rem 1.15rem}
dialog::backdrop{background:rgb(0 0 0/.6)}
.viewer-head{display:flex;justify-content:space-between;align-items:start;gap:1rem}
.viewer-head h2{font-size:1.15rem;overflow-wrap:anywhere;margin:.25rem 0}
.buttons{display:flex;gap:.4rem;flex:none}
.buttons button{width:2.6rem;font-size:1.25rem;line-height:1;padding:0;cursor:pointer}
#viewer-picture{display:block;width:100%;max-height:min(66vh,44rem);background:#23272e;border-radius:.4rem;margin:.6rem 0}
#viewer-marks rect.halo{stroke-width:6}
#viewer-marks rect.object,#viewer-marks rect.detection{stroke-width:3}
#viewer-detail{margin:.25rem 0;overflow-wrap:anywhere;max-width:none}
.viewer-foot{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem 1rem;margin:.25rem 0 0;max-width:none}
footer{padding-top:2rem;padding-bottom:3rem;font-size:.875rem}
@media (max-width:48rem){.metrics{grid-column:auto}.wide{display:none}header{padding-top:1.5rem}header,main,footer{padding-left:1rem;padding-right:1rem}h1{font-size:1.55rem}.panel{padding:.85rem .9rem}.tall{max-height:28rem}.tall thead th{top:-.85rem}.matrix tbody th{left:-.9rem;padding-left:.9rem}th,td{padding-left:.4rem;padding-right:.4rem}.cards{grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}}
@media (max-width:30rem){.chart-column,.chip .muted{display:none}.axes text{font-size:14px}.axes .name{font-size:14.5px}.metrics{grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));column-gap:1rem}thead th,thead .number{white-space:normal}.tall tbody th{max-width:9rem}nav ul{gap:.3rem 1.1rem}section{padding-top:1.5rem}}
@media print{:root{--ground:#fff}body{font-size:10pt}nav,.skip,.live .controls,dialog,#example-count{display:none}.scroll,.tall{overflow:visible;max-height:none}.tall thead th,.tall tbody th,.matrix tbody th{position:static}.panel,.card,tr{break-inside:avoid}.tall{break-inside:auto}.panels{gap:.6rem}section{padding-top:1rem}.cards{grid-template-columns:repeat(3,1fr)}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
