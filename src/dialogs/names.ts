import { TranslationBundle } from '@jupyterlab/translation';

import { IEnvironment } from '../api/types';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Why `name` cannot be given to a new environment; null when it can. */
export function nameProblem(
  name: string,
  environments: readonly IEnvironment[],
  trans: TranslationBundle
): string | null {
  if (!name) {
    return trans.__('Give it a name.');
  }
  if (!NAME.test(name)) {
    return trans.__(
      'A name has letters, digits, dot, dash and underscore, starts with a letter or digit and is at most 64 long.'
    );
  }
  if (name.toLowerCase() === 'base') {
    return trans.__('"base" is conda’s own name.');
  }
  const taken = environments.find(
    environment =>
      environment.where === 'disk' &&
      environment.name.toLowerCase() === name.toLowerCase()
  );
  return taken
    ? trans.__('There is an environment %1 already.', taken.name)
    : null;
}

/** Package specs of a text: one a line, or separated by comma or space. */
export function specs(text: string): string[] {
  // "numpy >=1.20, <2" is one spec: an operator belongs to what is before it.
  return text
    .replace(/\s*(,?)\s*([<>=!~]=?)\s*/g, '$1$2')
    .split(/(?:\s|,(?![<>=!~]))+/)
    .filter(Boolean);
}
