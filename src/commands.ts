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
  sealEnvironment: 'modelarts-nb:seal-environment',
  saveVersion: 'modelarts-nb:save-version',
  saveAll: 'modelarts-nb:save-all-environments',
  showVersions: 'modelarts-nb:show-versions',
  undoChange: 'modelarts-nb:undo-change',
  openAgain: 'modelarts-nb:open-environment-again',
  chooseNewest: 'modelarts-nb:use-newest-version',
  fillEnvironment: 'modelarts-nb:fill-environment',
  showDetails: 'modelarts-nb:show-environment',
  showSources: 'modelarts-nb:show-shared-environments',
  collectImages: 'modelarts-nb:collect-images',
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
  unpackFile: 'modelarts-nb:unpack-file',
  keepAlive: 'modelarts-nb:keep-alive',
  startNotebook: 'modelarts-nb:start-notebook',
  stopNotebook: 'modelarts-nb:stop-notebook',
  removeHook: 'modelarts-nb:remove-hook',
  showHookCommand: 'modelarts-nb:show-hook-command',
  mountStorage: 'modelarts-nb:mount-storage',
  unmountStorage: 'modelarts-nb:unmount-storage',
  showStorage: 'modelarts-nb:show-storage',
  createFolder: 'modelarts-nb:create-share-folder',
  setQuota: 'modelarts-nb:set-folder-quota',
  setupSsh: 'modelarts-nb:setup-ssh',
  showSsh: 'modelarts-nb:show-ssh',
  checkSsh: 'modelarts-nb:check-ssh',
  useKey: 'modelarts-nb:use-key-pair',
  createKey: 'modelarts-nb:create-key-pair',
  importKey: 'modelarts-nb:import-key-pair',
  deleteKey: 'modelarts-nb:delete-key-pair',
  keepKey: 'modelarts-nb:keep-private-key',
  unlockKeys: 'modelarts-nb:unlock-keys',
  lockKeys: 'modelarts-nb:lock-keys',
  writeSshConfig: 'modelarts-nb:write-ssh-config',
  forgetHost: 'modelarts-nb:forget-ssh-host',
  openShell: 'modelarts-nb:open-shell',
  showJobLog: 'modelarts-nb:show-job-log',
  showJob: 'modelarts-nb:show-job',
  stopJob: 'modelarts-nb:stop-job'
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

/** A notebook's id or name; without: this one, or one to be chosen. */
export interface INotebookArgs {
  notebook?: string;
}

/** With `hours` nothing is asked. */
export interface IKeepAliveArgs extends INotebookArgs {
  hours?: number;
}

/** What the dialog begins with. */
export interface IMountArgs {
  category?: string;
  source?: string;
  path?: string;
}

export interface IStorageArgs {
  path?: string;
}

export interface IFolderArgs {
  share?: string;
  path?: string;
}

export interface ISetupSshArgs extends INotebookArgs {
  publicKey?: string;
  name?: string;
  /** Stop the notebook and start it again for the change. */
  restart?: boolean;
}

/** The name of a key pair. */
export interface IKeyArgs extends INotebookArgs {
  name?: string;
  restart?: boolean;
}

/** A job's id or name; without: the only one that fits, or one to be chosen. */
export interface IJobArgs {
  job?: string;
}

export interface IShellArgs extends IJobArgs {
  /** As worker-0; without: the first. */
  task?: string;
  /** A terminal for each task, side by side. */
  allTasks?: boolean;
  transport?: 'ssh' | 'exec';
  /** A session to find again, after the page was loaded anew. */
  shell?: string;
}

/** The arguments of a command, of which Lumino knows only that they are JSON. */
export function argsOf<T>(args: ReadonlyPartialJSONObject): T {
  return args as unknown as T;
}
