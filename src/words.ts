import { TranslationBundle } from '@jupyterlab/translation';

import { IEnvironment, IOperation } from './api/types';
import { shortNotebook, shortSource } from './cloud/words';
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
      // By its folder: of the image, which a restart takes.
      return say('source').startsWith('/')
        ? trans.__('Keeping %1 as %2', baseName(say('source')), name)
        : trans.__('Cloning %1 as %2', say('source'), name);
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
    case 'env.seal':
      return trans.__('Sealing %1', name);
    case 'env.open':
      return trans.__('Opening %1 again', name);
    case 'env.save':
      return trans.__('Saving %1', name);
    case 'env.save_all':
      return trans.__('Saving all that is unsaved');
    case 'env.rollback':
      return say('number')
        ? trans.__('Going back to version %2 of %1', name, say('number'))
        : trans.__('Going back to an earlier version of %1', name);
    case 'env.undo':
      return trans.__('Undoing the last change of %1', name);
    case 'env.fill':
      return trans.__('Copying %1 to the local disk', name);
    case 'env.fill_all':
      return trans.__('Copying environments to the local disk');
    case 'env.warm':
      return name
        ? trans.__('Copying what %1 reads first to the local disk', name)
        : trans.__('Copying what kernels read first to the local disk');
    case 'env.gc':
      return trans.__('Freeing images that nobody needs');
    case 'env.add_source':
      return trans.__('Adding the shared folder %1', say('path'));
    case 'env.remove_source':
      return trans.__('Letting go of the shared folder %1', say('source'));
    case 'bin.restore':
      return trans.__('Restoring %1 from the bin', name || say('entry'));
    case 'bin.empty':
      return trans.__('Emptying the bin');
    case 'archive.remove':
      return trans.__('Deleting the archive %1', baseName(name));
    case 'hook.install':
      return trans.__('Installing the hook');
    case 'hook.remove':
      return trans.__('Taking the hook out');
    case 'keep.add':
      return trans.__('Keeping home files');
    case 'keep.drop':
      return trans.__('No longer keeping home files');
    case 'restore':
      return trans.__('Restoring after the start');
    default:
      return cloudDeed(operation, trans) ?? operation.verb;
  }
}

function cloudDeed(
  operation: IOperation,
  trans: TranslationBundle
): string | null {
  const { verb, params } = operation;
  const say = (key: string) => String(params[key] ?? '');
  const notebook = shortNotebook(params.notebook) || trans.__('this notebook');
  switch (verb) {
    case 'notebook.start':
      return trans.__('Starting %1', notebook);
    case 'notebook.stop':
      return trans.__('Stopping %1', notebook);
    case 'notebook.keep_alive':
      return trans.__('Keeping %1 alive for %2 h', notebook, say('hours'));
    case 'storage.mount':
      return trans.__(
        'Mounting %1 at %2',
        shortSource(say('source')),
        say('path')
      );
    case 'storage.unmount':
      return trans.__('Unmounting %1', say('storage'));
    case 'storage.create_folder':
      return trans.__('Making the folder %1', say('path'));
    case 'storage.set_quota':
      return trans.__('Setting the quota of %1', say('path'));
    case 'ssh.setup':
      return trans.__('Setting up SSH to %1', notebook);
    case 'ssh.use':
      return trans.__('Changing the key pairs of %1', notebook);
    case 'ssh.config':
      return trans.__('Writing ~/.ssh/config');
    case 'ssh.forget_host':
      return trans.__('Forgetting the host key of %1', notebook);
    case 'ssh.create_key':
      return trans.__('Making the key pair %1', say('name'));
    case 'ssh.import_key':
      return say('name')
        ? trans.__('Importing the key pair %1', say('name'))
        : trans.__('Importing a public key');
    case 'ssh.delete_key':
      return trans.__('Deleting the key pair %1', say('name'));
    case 'job.submit':
      return trans.__(
        'Submitting the job %1',
        say('name') || baseName(say('file'))
      );
    case 'job.stop':
      return trans.__('Stopping the job %1', say('job'));
    case 'shell.copy':
      return trans.__('Copying %1 to %2', say('source'), say('target'));
    default:
      return null;
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
export function phaseWord(
  phase: string,
  trans: TranslationBundle,
  verb = ''
): string {
  if (phase === 'registering' && verb.startsWith('hook.')) {
    return trans.__('registering the hook');
  }
  if (phase === 'filling' && verb === 'env.open') {
    return trans.__('unpacking');
  }
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
    filling: trans.__('copying to the local disk'),
    verifying: trans.__('verifying'),
    unpacking: trans.__('unpacking'),
    removing: trans.__('removing'),
    checking: trans.__('checking'),
    starting: trans.__('starting'),
    following: trans.__('it has begun already'),
    stopping: trans.__('stopping'),
    storage: trans.__('preparing storage'),
    compute: trans.__('finding a machine'),
    network: trans.__('connecting the network'),
    initialising: trans.__('starting the container'),
    mounting: trans.__('mounting'),
    unmounting: trans.__('unmounting'),
    importing: trans.__('importing the key'),
    attaching: trans.__('changing the SSH endpoint'),
    creating: trans.__('creating'),
    deleting: trans.__('deleting'),
    looking: trans.__('looking'),
    writing: trans.__('writing'),
    unregistering: trans.__('taking the hook out'),
    'setting the quota': trans.__('setting the quota')
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

/** `3.10` of `3.10.13`: what a person tells environments apart by. */
export function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
