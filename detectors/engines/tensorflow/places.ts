import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The packages that hold TensorFlow for Node.js, the better first. */
export const TENSORFLOW_PACKAGES = [
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-node',
] as const;

export type TensorFlowPackage = (typeof TENSORFLOW_PACKAGES)[number];

/**
 * Where `rcnn setup tensorflow` installs when it is not told: a folder of the
 * user's, the same for all projects. RCNN_TENSORFLOW names another.
 */
export function tensorflowFolder(): string {
  const { RCNN_TENSORFLOW: named, XDG_CACHE_HOME: cache } = process.env;
  if (named) return resolve(named);
  return join(cache || join(homedir(), '.cache'), 'googlenet-rcnn', 'tensorflow');
}

/** An installed package. */
export interface TensorFlowPlace {
  package: TensorFlowPackage;
  /** The package's own folder. */
  folder: string;
}

/**
 * The installed packages in the order in which they are tried: beside this package
 * (a project's node_modules), then in the user's folder; the other way about when
 * RCNN_TENSORFLOW names that folder.
 *
 * The current folder is not looked at: photos may come with a node_modules of
 * somebody else's.
 */
export function tensorflowPlaces(): TensorFlowPlace[] {
  const own = createRequire(import.meta.url);
  const users = createRequire(join(tensorflowFolder(), 'package.json'));
  const order = process.env.RCNN_TENSORFLOW ? [users, own] : [own, users];
  const places: TensorFlowPlace[] = [];
  for (const require of order) {
    for (const name of TENSORFLOW_PACKAGES) {
      let folder: string;
      try {
        folder = dirname(require.resolve(`${name}/package.json`));
      } catch {
        continue;
      }
      if (!places.some((place) => place.folder === folder)) {
        places.push({ package: name, folder });
      }
    }
  }
  return places;
}
