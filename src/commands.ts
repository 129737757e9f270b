import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** Every action of ours by its command id. */
export const CommandIDs = {
  openPanel: 'modelarts-nb:open-panel',
  refresh: 'modelarts-nb:refresh-panel',
  createEnvironment: 'modelarts-nb:create-environment',
  cloneEnvironment: 'modelarts-nb:clone-environment',
  keepEnvironment: 'modelarts-nb:keep-environment',
  keepAll: 'modelarts-nb:keep-all',
  packEnvironment: 'modelarts-nb:pack-environment',
  unpackArchive: 'modelarts-nb:unpack-archive',
  renameEnvironment: 'modelarts-nb:rename-environment',
  removeEnvironment: 'modelarts-nb:remove-environment',
  registerKernel: 'modelarts-nb:register-kernel',
  unregisterKernel: 'modelarts-nb:unregister-kernel',
  installPackages: 'modelarts-nb:install-packages',
  showPackages: 'modelarts-nb:show-packages',
  exportEnvironment: 'modelarts-nb:export-environment',
  checkEnvironment: 'modelarts-nb:check-environment',
  fixEnvironment: 'modelarts-nb:fix-environment',
  openNotebook: 'modelarts-nb:open-notebook',
  openConsole: 'modelarts-nb:open-console',
  restoreEnvironment: 'modelarts-nb:restore-environment',
  emptyBin: 'modelarts-nb:empty-bin',
  removeArchive: 'modelarts-nb:remove-archive',
  installHook: 'modelarts-nb:install-hook',
  restoreNow: 'modelarts-nb:restore-now',
  showLog: 'modelarts-nb:show-log',
  cancelOperation: 'modelarts-nb:cancel-operation',
  dismissOperation: 'modelarts-nb:dismiss-operation',
  createFromFile: 'modelarts-nb:create-from-file',
  unpackFile: 'modelarts-nb:unpack-file'
} as const;

/** Commands about one environment; without a name they ask for it. */
export interface IEnvironmentArgs {
  name?: string;
}

/** `source` is a name or a prefix. */
export interface ICloneArgs {
  source?: string;
  name?: string;
}

export interface ICreateArgs {
  name?: string;
  /** An environment.yml or requirements.txt on the server. */
  file?: string;
}

export interface IUnpackArgs {
  file?: string;
  name?: string;
}

/** `entry` is the bin's word for it, `name` what it was called. */
export interface IBinArgs {
  entry?: string;
  name?: string;
}

export interface IOperationArgs {
  id?: string;
}

export interface IArchiveArgs {
  name?: string;
}

/** The arguments of a command, of which Lumino knows only that they are JSON. */
export function argsOf<T>(args: ReadonlyPartialJSONObject): T {
  return args as unknown as T;
}
