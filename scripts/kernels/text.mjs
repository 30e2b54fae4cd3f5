/** What the kernels' texts are put together with. */
export const range = (n) => [...Array(n).keys()];
export const lines = (n, line) => range(n).map(line).join('\n');
export const locals = (names, type) =>
  names.map((name) => `(local $${name} ${type})`).join(' ');
