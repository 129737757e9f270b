import { TranslationBundle } from '@jupyterlab/translation';

import { IKeyPair, INotebook, IStorage } from '../api/cloudTypes';
import { Json } from '../api/types';
import { Dot } from '../words';

type Words = { [key: string]: string };

/** The cloud's word for a notebook's state, in the user's language. */
export function notebookState(
  status: string,
  trans: TranslationBundle
): string {
  const words: Words = {
    INIT: trans.__('starting'),
    CREATING: trans.__('being made'),
    STARTING: trans.__('starting'),
    STOPPING: trans.__('stopping'),
    DELETING: trans.__('being deleted'),
    RUNNING: trans.__('running'),
    STOPPED: trans.__('stopped'),
    SNAPSHOTTING: trans.__('being saved as an image'),
    CREATE_FAILED: trans.__('could not be made'),
    START_FAILED: trans.__('could not start'),
    DELETE_FAILED: trans.__('could not be deleted'),
    ERROR: trans.__('failed'),
    DELETED: trans.__('deleted'),
    FROZEN: trans.__('frozen')
  };
  return words[status] ?? status.toLowerCase();
}

const MOVING = /^(INIT|CREATING|STARTING|STOPPING|DELETING|SNAPSHOTTING)$/;

export function notebookDot({ status }: { status: string }): Dot {
  if (status === 'RUNNING') {
    return 'ready';
  }
  if (status === 'STOPPED') {
    return 'none';
  }
  return MOVING.test(status) ? 'working' : 'attention';
}

/** Whether a notebook can be started, or stopped. */
export function canStart({ status }: INotebook): boolean {
  return ['STOPPED', 'START_FAILED', 'ERROR'].includes(status);
}

export function canStop({ status }: INotebook): boolean {
  return ['RUNNING', 'INIT', 'CREATING', 'STARTING'].includes(status);
}

/** The cloud's word for a storage's state. */
export function storageState(status: string, trans: TranslationBundle): string {
  const words: Words = {
    MOUNTED: trans.__('mounted'),
    MOUNTING: trans.__('mounting…'),
    MOUNT_FAILED: trans.__('could not be mounted'),
    UNMOUNTED: trans.__('unmounted'),
    UNMOUNTING: trans.__('unmounting…'),
    UNMOUNT_FAILED: trans.__('could not be unmounted')
  };
  return words[status] ?? status.toLowerCase();
}

export function storageDot(storage: IStorage): Dot {
  if (/ING$/.test(storage.status)) {
    return 'working';
  }
  const { machine } = storage;
  if (/FAILED$/.test(storage.status) || machine?.answers === false) {
    return 'attention';
  }
  return storage.status === 'MOUNTED' ? 'ready' : 'none';
}

/** What a category is, for people who do not know the abbreviations. */
export function categoryWord(
  category: string,
  trans: TranslationBundle
): string {
  const words: Words = {
    OBS: trans.__('OBS bucket'),
    OBSFS: trans.__('OBS parallel file system'),
    EFS: 'SFS Turbo',
    SFS: 'SFS'
  };
  return words[category] ?? category;
}

/** Where a key pair lives, and whose it is. */
export function whereWords(pair: IKeyPair, trans: TranslationBundle): string {
  const services = pair.seen_in.map(service => service.toUpperCase());
  return [
    services.join(', '),
    pair.scope === 'domain' ? trans.__('for the whole account') : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Where its private half is. */
export function privateWords(pair: IKeyPair, trans: TranslationBundle): string {
  const home = pair.private.includes('home');
  const disk = pair.private.includes('disk');
  if (home && disk) {
    return trans.__('private key here, kept on the disk');
  }
  if (home) {
    return trans.__('private key here, lost at restart');
  }
  if (disk) {
    return trans.__('private key on the disk, locked');
  }
  return pair.hosted
    ? trans.__('private key kept by the cloud')
    : trans.__('private key not here');
}

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;
const ID_OF_SHARE = /^([0-9a-f]{8})-[0-9a-f-]{27}(\.sfsturbo\.internal)?:/i;

/** A source as people read it: of a share's id the beginning says enough. */
export function shortSource(source: string): string {
  return source.replace(ID_OF_SHARE, '$1…:');
}

/** A notebook as a parameter names it, short. */
export function shortNotebook(notebook: Json | undefined): string {
  const text = typeof notebook === 'string' ? notebook : '';
  return ID.test(text) ? text.slice(0, 8) : text;
}

/**
 * How to name a notebook to the server: by its name where that is the only one, since people
 * read it in Activity; undefined: this one.
 */
export function notebookRef(
  notebook: INotebook,
  mine: string | undefined,
  all: readonly INotebook[]
): string | undefined {
  if (notebook.id === mine) {
    return undefined;
  }
  const same = all.filter(other => other.name === notebook.name);
  return same.length === 1 && notebook.name ? notebook.name : notebook.id;
}
