/** torchvision's modules by the names that BVLC gave their layers. */
const STEM: Readonly<Record<string, string>> = {
  conv1: 'conv1/7x7_s2',
  conv2: 'conv2/3x3_reduce',
  conv3: 'conv2/3x3',
};
const BRANCHES: Readonly<Record<string, string>> = {
  branch1: '1x1',
  'branch2.0': '3x3_reduce',
  'branch2.1': '3x3',
  'branch3.0': '5x5_reduce',
  'branch3.1': '5x5',
  'branch4.1': 'pool_proj',
};
const PARAMETERS: Readonly<Record<string, string>> = {
  'conv.weight': 'weight',
  'bn.weight': 'bn/weight',
  'bn.bias': 'bn/bias',
  'bn.running_mean': 'bn/mean',
  'bn.running_var': 'bn/variance',
};

/**
 * What a parameter of torchvision's GoogLeNet is called in the graph
 * `googlenet-torchvision`; null for what the graph has no use for (the auxiliary
 * heads, whose adaptive pool no node here computes, and counts of training steps);
 * undefined for a name that torchvision's GoogLeNet does not have.
 */
export function torchvisionName(name: string): string | null | undefined {
  if (/^aux[12]\./.test(name) || name.endsWith('.num_batches_tracked')) return null;
  const classifier = /^fc\.(weight|bias)$/.exec(name);
  if (classifier) return `loss3/classifier/${classifier[1]}`;
  const [, module, rest] =
    /^(conv[123])\.(.*)$/.exec(name) ??
    /^(inception\d[a-e]\.branch\d(?:\.\d)?)\.((?:conv|bn)\..*)$/.exec(name) ??
    [];
  if (module === undefined || !Object.hasOwn(PARAMETERS, rest)) return undefined;
  const layer = layerName(module);
  return layer && `${layer}/${PARAMETERS[rest]}`;
}

function layerName(module: string): string | undefined {
  if (Object.hasOwn(STEM, module)) return STEM[module];
  const [, inception, branch] = /^inception(\d[a-e])\.(.*)$/.exec(module) ?? [];
  return branch !== undefined && Object.hasOwn(BRANCHES, branch)
    ? `inception_${inception}/${BRANCHES[branch]}`
    : undefined;
}
