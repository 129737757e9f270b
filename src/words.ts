import { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, EXTENSION_MISSING, UNREACHABLE } from './api/request';
import { IEnvironment, IFinding, IOperation } from './api/types';

type Words = { [key: string]: string };

/** What an operation is about, as in "Keeping PyTorch-1.8 as pytorch-1.8". */
export function operationTitle(
  operation: IOperation,
  trans: TranslationBundle
): string {
  const say = (key: string) => String(operation.params[key] ?? '');
  const name = say('name');
  switch (operation.verb) {
    case 'env.create':
      return trans.__('Creating %1', name);
    case 'env.clone':
      return trans.__('Keeping %1 as %2', baseName(say('source')), name);
    case 'env.pack':
      return trans.__('Packing %1', name);
    case 'env.unpack':
      return trans.__('Unpacking %1', baseName(say('file')));
    case 'env.remove':
      return trans.__('Removing %1', name);
    case 'env.rename':
      return trans.__('Renaming %1 to %2', name, say('new'));
    case 'env.register':
      return trans.__('Registering the kernel of %1', name);
    case 'env.unregister':
      return trans.__('Unregistering the kernel of %1', name);
    case 'env.install':
      return trans.__('Installing packages into %1', name);
    case 'env.uninstall':
      return trans.__('Uninstalling packages from %1', name);
    case 'env.fix':
      return trans.__('Fixing %1', name);
    case 'bin.restore':
      return trans.__('Restoring %1 from the bin', name || say('entry'));
    case 'bin.empty':
      return trans.__('Emptying the bin');
    case 'archive.remove':
      return trans.__('Deleting the archive %1', baseName(name));
    case 'hook.install':
      return trans.__('Installing the hook');
    case 'keep.add':
      return trans.__('Keeping home files');
    case 'keep.drop':
      return trans.__('No longer keeping home files');
    case 'restore':
      return trans.__('Restoring after the start');
    default:
      return operation.verb;
  }
}

/** How an operation ended, in one or two words. */
export function operationEnd(
  operation: IOperation,
  trans: TranslationBundle
): string {
  const words: Words = {
    running: trans.__('running'),
    done: trans.__('done'),
    failed: trans.__('failed'),
    cancelled: trans.__('cancelled'),
    lost: trans.__('interrupted')
  };
  return words[operation.state] ?? operation.state;
}

/** The phases on the wire, in the user's language. */
export function phaseWord(phase: string, trans: TranslationBundle): string {
  const words: Words = {
    scanning: trans.__('scanning'),
    copying: trans.__('copying'),
    rewriting: trans.__('rewriting paths'),
    syncing: trans.__('writing to the disk'),
    landing: trans.__('finishing'),
    registering: trans.__('registering the kernel'),
    solving: trans.__('choosing packages'),
    downloading: trans.__('downloading'),
    linking: trans.__('installing'),
    'installing pip packages': trans.__('installing pip packages'),
    compiling: trans.__('compiling'),
    packing: trans.__('packing'),
    verifying: trans.__('verifying'),
    unpacking: trans.__('unpacking'),
    removing: trans.__('removing'),
    checking: trans.__('checking')
  };
  return words[phase] ?? phase;
}

/** The state of a row's dot. */
export type Dot = 'ready' | 'working' | 'none' | 'attention';

export function dotOf(environment: IEnvironment): Dot {
  if (environment.working) {
    return 'working';
  }
  if (environment.trouble.some(finding => finding.level !== 'ok')) {
    return 'attention';
  }
  return environment.kernel === 'ready'
    ? 'ready'
    : environment.kernel === 'missing'
      ? 'attention'
      : 'none';
}

export function dotWord(dot: Dot, trans: TranslationBundle): string {
  const words: { [key in Dot]: string } = {
    ready: trans.__('kernel ready'),
    working: trans.__('working'),
    none: trans.__('no kernel'),
    attention: trans.__('needs attention')
  };
  return words[dot];
}

/** What a finding is about, in the user's language; its message says the details. */
export function findingWord(
  finding: IFinding,
  trans: TranslationBundle
): string {
  const words: Words = {
    interpreter: trans.__('Python does not start'),
    prefix: trans.__('paths lead elsewhere'),
    records: trans.__('files do not match their records'),
    bytecode: trans.__('compiled files are stale'),
    kernel: trans.__('the kernel does not start'),
    latency: trans.__('the disk is slow'),
    editable: trans.__('editable packages'),
    clobbered: trans.__('pip overwrote files of conda'),
    missing: trans.__('files are missing'),
    outside: trans.__('links lead outside'),
    space: trans.__('not enough space')
  };
  return words[finding.check] ?? finding.message;
}

/** A heading for an error, in the user's language, by its code. */
export function errorTitle(error: ApiError, trans: TranslationBundle): string {
  const words: Words = {
    [UNREACHABLE]: trans.__('The Jupyter server does not answer.'),
    [EXTENSION_MISSING]: trans.__(
      'The server part of ModelArts NB is not running.'
    ),
    invalid_name: trans.__('This name cannot be used.'),
    name_taken: trans.__('This name is taken.'),
    not_found: trans.__('Not found.'),
    not_an_environment: trans.__('This is not a conda environment.'),
    disk_missing: trans.__('The persistent disk is not there.'),
    disk_full: trans.__('The disk is full.'),
    disk_failure: trans.__('The disk failed.'),
    disk_timeout: trans.__('The disk does not answer.'),
    access_denied: trans.__('No permission.'),
    forbidden: trans.__('No permission.'),
    tool_missing: trans.__('The tool is not in this container.'),
    worker_lost: trans.__('The server part failed.'),
    internal: trans.__('The server part failed.'),
    busy: trans.__('Somebody else is working on it.'),
    cancelled: trans.__('Cancelled.'),
    archive_invalid: trans.__('The archive cannot be used.'),
    archive_hostile: trans.__('The archive is not safe to unpack.'),
    platform_mismatch: trans.__('Made for another platform.'),
    pack_refused: trans.__('The environment cannot be packed as it is.'),
    unsolvable: trans.__('No set of packages fits the request.'),
    network_unavailable: trans.__('A channel could not be reached.'),
    engine_failed: trans.__('The installation failed.'),
    config_invalid: trans.__('A settings file cannot be read.'),
    owner_unknown: trans.__('Several people use this disk.'),
    tampered: trans.__('A file is not the one that was installed.'),
    usage: trans.__('Something is missing or of the wrong kind.')
  };
  return words[error.code] ?? trans.__('Something went wrong.');
}

/** What to do about errors that only the browser knows; others bring their hint. */
export function errorHint(error: ApiError, trans: TranslationBundle): string {
  switch (error.code) {
    case UNREACHABLE:
      return trans.__(
        'Check the connection; running operations go on without it.'
      );
    case EXTENSION_MISSING:
      return trans.__(
        'Run `ma restore` (or `pip install modelarts_nb` beside JupyterLab) and restart the Jupyter server.'
      );
    default:
      return error.hint;
  }
}

export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() ?? path;
}
