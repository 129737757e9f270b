import { TranslationBundle } from '@jupyterlab/translation';

import { IEnvironment, IOperation } from './api/types';
import { isPreview } from './operations/model';

type Words = { [key: string]: string };

/** What an operation is about, as in "Keeping PyTorch-1.8 as pytorch-1.8". */
export function operationTitle(
  operation: IOperation,
  trans: TranslationBundle
): string {
  const deed = deedOf(operation, trans);
  return isPreview(operation) ? trans.__('Preview: %1', deed) : deed;
}

function deedOf(operation: IOperation, trans: TranslationBundle): string {
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

export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() ?? path;
}
