/** What the REST API sends, word for word. Sizes are bytes, times ISO 8601. */

export type Json =
  string | number | boolean | null | Json[] | { [key: string]: Json };

/** Parameters of an operation; undefined ones are not sent. */
export type Params = { [key: string]: Json | undefined };

export interface IWireError {
  code: string;
  message: string;
  hint?: string;
  cause?: string;
  request_id?: string;
  /** The cloud's own code and id, where the error came from there. */
  error_code?: string;
  cloud_request_id?: string;
}

export interface IFinding {
  check: string;
  level: 'ok' | 'warning' | 'error';
  message: string;
  fix: string;
  files: string[];
}

export interface IEnvironment {
  name: string;
  prefix: string;
  where: 'disk' | 'image' | 'elsewhere';
  survives: boolean;
  python: string | null;
  size: number | null;
  files: number | null;
  kernel: 'ready' | 'missing' | 'none';
  kernel_name: string | null;
  created: string | null;
  origin: string | null;
  highlights: string[];
  trouble: IFinding[];
  /** What is being done to it right now, in words. */
  working: string | null;
  /** A folder tree, or images with versions; then `prefix` changes with the local copy. */
  state: 'open' | 'sealed';
  /** What kernels here start from, else the newest. */
  version: number | null;
  /** The highest of its versions, wherever it was made. */
  newest: number | null;
  /** How many there are; an open one may have a history too. */
  versions: number;
  /** It is on the local disk, or needs not be. */
  filled: boolean;
  /** Work in the local copy is in no version yet. */
  unsaved: boolean;
  /** What its version takes on the persistent disk; an open one takes its `size`. */
  stored: number | null;
  /** What its copy takes on the local disk. */
  local_size: number | null;
}

export interface IPackage {
  name: string;
  version: string;
  manager: 'conda' | 'pip';
  build: string;
  channel: string;
  editable: boolean;
}

export interface IArchive {
  path: string;
  name: string;
  format: string;
  size: number;
  created: string;
  sha256: string;
  python: string | null;
  platform: string;
  unpacked_size: number | null;
  files: number | null;
  packages: number | null;
  origin: string;
}

/** One environment in the bin. */
export interface IRemoved {
  entry: string;
  name: string;
  removed: string;
  purged_after: string;
  size: number | null;
}

export interface IDisk {
  root: string;
  exists: boolean;
  survives: boolean;
  kind: string;
  fstype: string;
  reason: string;
  total: number | null;
  free: number | null;
  inodes_free: number | null;
  latency_ms: number | null;
  error: IWireError | null;
}

export interface IRestored {
  what: string;
  state: 'restored' | 'already' | 'skipped' | 'failed';
  detail: string;
}

export interface IStatus {
  version: string;
  disk: IDisk;
  owner: string;
  /** Names of environments of the image that have no copy on the disk. */
  lost: string[];
  /** What the last restore in this container did. */
  restore: { ran: string | null; ok: boolean; lines: IRestored[] } | null;
  hook: { installed: boolean; version: string | null } | null;
}

export type Verb =
  | 'env.create'
  | 'env.clone'
  | 'env.pack'
  | 'env.unpack'
  | 'env.remove'
  | 'env.rename'
  | 'env.register'
  | 'env.unregister'
  | 'env.install'
  | 'env.uninstall'
  | 'env.fix'
  | 'env.seal'
  | 'env.open'
  | 'env.save'
  | 'env.save_all'
  | 'env.rollback'
  | 'env.undo'
  | 'env.fill'
  | 'env.gc'
  | 'env.add_source'
  | 'env.remove_source'
  | 'bin.restore'
  | 'bin.empty'
  | 'archive.remove'
  | 'keep.add'
  | 'keep.drop'
  | 'hook.install'
  | 'hook.remove'
  | 'restore'
  | CloudVerb;

/** What changes the cloud. */
export type CloudVerb =
  | 'notebook.start'
  | 'notebook.stop'
  | 'notebook.keep_alive'
  | 'storage.mount'
  | 'storage.unmount'
  | 'storage.create_folder'
  | 'storage.set_quota'
  | 'ssh.setup'
  | 'ssh.use'
  | 'ssh.config'
  | 'ssh.forget_host'
  | 'ssh.create_key'
  | 'ssh.import_key'
  | 'ssh.delete_key'
  | 'job.stop';

export type OperationState =
  'running' | 'done' | 'failed' | 'cancelled' | 'lost';

export interface IAmount {
  files: number | null;
  bytes: number | null;
}

export interface IOperation {
  id: string;
  verb: Verb | string;
  params: { [key: string]: Json };
  state: OperationState;
  phase: string;
  done: IAmount;
  total: IAmount;
  /** Files and bytes a second. */
  rate: IAmount;
  seconds_left: number | null;
  started: string;
  ended: string | null;
  error: IWireError | null;
  result: Json;
  owner: string;
}

/** One package of a plan; `size` is that of its download. */
export interface IPlanned {
  name: string;
  version: string;
  build: string;
  channel: string;
  size: number | null;
}

/**
 * What create, install and uninstall answer to `dry_run`. A package that
 * changes its version is in `add` and in `remove`; `pip` are lines for pip.
 */
export interface IPlan {
  name: string;
  add: IPlanned[];
  remove: IPlanned[];
  pip: string[];
}

/** What packing an environment would meet. */
export interface IPreflight {
  name: string;
  prefix: string;
  size: number;
  files: number;
  /** What the archive will take, an estimate. */
  needed: number;
  free: number;
  /** False when a finding forbids packing, or space is short. */
  ready: boolean;
  findings: IFinding[];
}
