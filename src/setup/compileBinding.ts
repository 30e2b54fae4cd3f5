import { access, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NPM_OPTIONS } from './installPackage.js';
import { HEADERS_PACKAGE, NAPI_VERSION } from './recipe.js';
import { runTool } from './runTool.js';

export interface CompileBindingOptions {
  /** Folder of the npm package, with the libraries and headers in its deps/. */
  packageFolder: string;
  compiler: string;
  npm: string;
  /** Folder for what is downloaded. */
  downloads: string;
  /** Program whose headers are looked for. @default the running Node.js */
  node?: string;
}

/** Where tfjs-node looks for its binding. */
const bindingFile = (packageFolder: string) =>
  join(packageFolder, 'lib', `napi-v${NAPI_VERSION}`, 'tfjs_binding.node');

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

export const hasBinding = (packageFolder: string) => exists(bindingFile(packageFolder));

/**
 * Compiles the package's own binding against the libraries in its deps/, which it
 * finds from where it lies itself. Node-API is the same in every Node.js, so one
 * binding serves all.
 *
 * @throws UsageError TOOL_FAILED
 */
export async function compileBinding(options: CompileBindingOptions): Promise<void> {
  const { packageFolder, compiler } = options;
  const headers = await nodeHeaders(options);
  const output = bindingFile(packageFolder);
  await mkdir(dirname(output), { recursive: true });
  const partial = `${output}.partial`;
  await runTool(
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-s'],
      ...[`-DNAPI_VERSION=${NAPI_VERSION}`, '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
      ...['-I', '.', '-I', join('deps', 'include'), '-I', headers],
      ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', '-o', partial],
      ...['-L', join('deps', 'lib')],
      ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
    { cwd: packageFolder, purpose: "compile tfjs-node's binding" },
  );
  await rename(partial, output);
}

/** The folder of node_api.h: where Node.js is installed, or else from the registry. */
async function nodeHeaders(options: CompileBindingOptions): Promise<string> {
  const { node = process.execPath, downloads, npm } = options;
  const installed = join(dirname(dirname(node)), 'include', 'node');
  if (await exists(join(installed, 'node_api.h'))) return installed;
  await runTool(
    npm,
    ['install', ...NPM_OPTIONS, '--prefix', downloads, HEADERS_PACKAGE],
    { cwd: downloads, purpose: 'install the headers of Node-API' },
  );
  return join(downloads, 'node_modules', 'node-api-headers', 'include');
}
