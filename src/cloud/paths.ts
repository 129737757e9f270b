import { TranslationBundle } from '@jupyterlab/translation';

import { IStorage } from '../api/cloudTypes';

const LONGEST = 256;
const BELOW_DATA = /^\/data(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/;
const OBS = /^obs:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/;

/** Nothing is at a path in these states. */
const OVER = new Set(['MOUNT_FAILED', 'UNMOUNTED']);

/** A path as it is compared: no slash at its end. */
export function tidy(path: string): string {
  return path.trim().replace(/\/+$/, '');
}

/** Why nothing can be mounted at a path; null when it can. */
export function mountPathProblem(
  path: string,
  storages: readonly IStorage[],
  trans: TranslationBundle
): string | null {
  const at = tidy(path);
  if (!BELOW_DATA.test(at) || at.includes('..') || at.length > LONGEST) {
    return trans.__(
      'The path is a folder below /data, as in /data/mine: letters, digits, dot, dash and underscore.'
    );
  }
  const there = storages.find(
    storage => tidy(storage.path) === at && !OVER.has(storage.status)
  );
  return there
    ? trans.__('%1 is in use by %2.', at, there.uri || there.category)
    : null;
}

/** Why a text is no folder in OBS; null when it is one. */
export function obsProblem(
  source: string,
  trans: TranslationBundle
): string | null {
  const text = source.trim();
  const folders = text.replace('obs://', '').split('/');
  return OBS.test(text) &&
    text.length <= LONGEST &&
    !folders.some(part => part === '.' || part === '..')
    ? null
    : trans.__('The source looks like obs://bucket/folder/.');
}

/** Why a text is no folder of a share; null when it is one. */
export function folderProblem(
  path: string,
  trans: TranslationBundle
): string | null {
  const parts = path.trim().split('/').filter(Boolean);
  return path.trim().startsWith('/') &&
    !parts.some(part => part === '.' || part === '..')
    ? null
    : trans.__('A folder of a share starts with /, as in /team/data.');
}

/** A path under /data for what is mounted: the last word of the source that can be one. */
export function pathFor(source: string, storages: readonly IStorage[]): string {
  const last = source.replace(/^obs:\/\//, '').split(/[/:]/);
  const word =
    last
      .reverse()
      .map(part => part.replace(/[^A-Za-z0-9_.-]+/g, '-'))
      .map(part => part.replace(/^[.-]+|\.+$/g, ''))
      .find(Boolean) ?? 'mine';
  const taken = new Set(
    storages
      .filter(storage => !OVER.has(storage.status))
      .map(storage => tidy(storage.path))
  );
  let path = `/data/${word}`;
  for (let number = 2; taken.has(path); number++) {
    path = `/data/${word}-${number}`;
  }
  return path;
}
