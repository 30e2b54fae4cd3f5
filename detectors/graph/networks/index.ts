import { DetectorError } from '../../errors.js';
import { ALEXNETS } from './alexnet.js';
import { GOOGLENETS } from './googlenet.js';
import { LENETS } from './lenet.js';
import type { Network } from './network.js';
import { NETWORKS_IN_NETWORK } from './networkInNetwork.js';
import { SERRE } from './serre.js';
import { SLIM_GOOGLENETS } from './slimGooglenet.js';
import { TORCHVISION_GOOGLENETS } from './torchvisionGooglenet.js';

const all = {
  ...GOOGLENETS,
  ...TORCHVISION_GOOGLENETS,
  ...SLIM_GOOGLENETS,
  ...NETWORKS_IN_NETWORK,
  ...ALEXNETS,
  ...LENETS,
  ...SERRE,
};

export type NetworkName = keyof typeof all;

/** Every network that can be named, GoogLeNet and its forms first, then its ancestors. */
export const networks: Readonly<Record<NetworkName, Network>> = all;

/**
 * The network of a name.
 *
 * @throws DetectorError INVALID_ARGUMENT, with the names that there are
 */
export function networkNamed(name: string): Network {
  if (!Object.hasOwn(networks, name)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `there is no network "${name}"; there are ${Object.keys(networks).join(', ')}`,
    );
  }
  return networks[name as NetworkName];
}
