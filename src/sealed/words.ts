import { TranslationBundle } from '@jupyterlab/translation';

import { IVersion } from '../api/sealedTypes';
import { IEnvironment } from '../api/types';
import { Format } from '../format';
import { hasNewer, isSealed } from './state';

/** `sealed v3`, as short as it goes; empty for an open one. */
export function sealedWord(
  environment: IEnvironment,
  trans: TranslationBundle
): string {
  if (!isSealed(environment)) {
    return '';
  }
  return environment.version === null
    ? trans.__('sealed')
    : trans.__('sealed v%1', environment.version);
}

/** What about a sealed environment is to be known at a glance; empty: nothing. */
export function sealedNews(
  environment: IEnvironment,
  trans: TranslationBundle
): string {
  if (environment.unsaved) {
    return trans.__('unsaved changes');
  }
  if (hasNewer(environment)) {
    return trans.__('version %1 is there', environment.newest);
  }
  return isSealed(environment) && !environment.filled
    ? trans.__('not on the local disk yet')
    : '';
}

/** The same in whole sentences, for tooltips. */
export function sealedHover(
  environment: IEnvironment,
  trans: TranslationBundle,
  format: Format
): string[] {
  if (!isSealed(environment)) {
    return [];
  }
  const { version, newest, stored, local_size: local } = environment;
  return [
    environment.unsaved ? unsavedHover(environment, trans) : '',
    hasNewer(environment)
      ? trans.__(
          'Version %1 is the newest; kernels here start from version %2.',
          newest,
          version
        )
      : '',
    stored === null
      ? ''
      : trans.__('%1 on the persistent disk', format.bytes(stored)),
    environment.filled
      ? local === null
        ? ''
        : trans.__('%1 on the local disk', format.bytes(local))
      : trans.__('It is copied to the local disk when a kernel starts.')
  ].filter(Boolean);
}

export function unsavedHover(
  environment: IEnvironment,
  trans: TranslationBundle
): string {
  return environment.version === null
    ? trans.__(
        'Unsaved: what was changed is only in this container, and lost at its restart.'
      )
    : trans.__(
        'Unsaved: what was changed since version %1 is only in this container, and lost at its restart.',
        environment.version
      );
}

/** `version 3: with tabulate`, one line for a list to choose from. */
export function versionLine(
  version: IVersion,
  trans: TranslationBundle
): string {
  const number = trans.__('version %1', version.number);
  const why = whyWord(version.why, trans);
  return why ? `${number}: ${why}` : number;
}

/** Why a version was made: in its maker's words, or in the user's where nobody was asked. */
export function whyWord(why: string, trans: TranslationBundle): string {
  const [, back] = /^back to version (\d+)$/.exec(why) ?? [];
  const [, source, number] = /^clone of (\S+) version (\d+)$/.exec(why) ?? [];
  if (back) {
    return trans.__('back to version %1', back);
  }
  if (source) {
    return trans.__('clone of %1, version %2', source, number);
  }
  const words: { [key: string]: string } = {
    'unsaved, before going back': trans.__('unsaved, before going back'),
    'unsaved, before it was removed': trans.__(
      'unsaved, before it was removed'
    ),
    'unsaved, before packages changed': trans.__(
      'unsaved, before packages changed'
    ),
    'before it was opened': trans.__('unsaved, before it was opened')
  };
  return words[why] ?? why;
}

/** What its packages were built for. */
export function acceleratorWord(
  accelerator: string,
  trans: TranslationBundle
): string {
  const words: { [key: string]: string } = {
    cpu: 'CPU',
    cuda: 'CUDA',
    ascend: trans.__('Ascend')
  };
  return words[accelerator] ?? accelerator;
}
