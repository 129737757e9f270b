import { TranslationBundle } from '@jupyterlab/translation';

import { readsEnglish } from '../serverWords';

/** Sentences of the server that have a known form, in the user's language; else `otherwise`. */
type Form = [pattern: RegExp, say: (...parts: string[]) => string];

function said(
  sentence: string,
  forms: readonly Form[],
  otherwise: string,
  trans: TranslationBundle
): string {
  if (!sentence || readsEnglish(trans)) {
    return sentence;
  }
  for (const [pattern, say] of forms) {
    const found = pattern.exec(sentence);
    if (found) {
      return say(...found.slice(1));
    }
  }
  return otherwise;
}

/** Why an image stays; the same words for each image that stays for the same reason. */
export function keptWord(kept: string, trans: TranslationBundle): string {
  return said(
    kept,
    [
      [
        /^version (\d+) of (\S+) in the bin needs it$/,
        (number, name) =>
          trans.__('version %1 of %2 in the bin needs it', number, name)
      ],
      [
        /^version (\d+) of (\S+) needs it$/,
        (number, name) => trans.__('version %1 of %2 needs it', number, name)
      ],
      [/^it is younger/, () => trans.__('it is younger than an hour')],
      [/^a running kernel/, () => trans.__('a running kernel uses it')],
      [/^somebody else/, () => trans.__('somebody else collects, too')]
    ],
    kept,
    trans
  );
}

/** Why an environment of a source cannot run here. */
export function unfitWord(unfit: string, trans: TranslationBundle): string {
  return said(
    unfit,
    [
      [
        /was made for (\S+); this machine is (\S+)\.$/,
        (wanted, here) =>
          trans.__('It was made for %1; this machine is %2.', wanted, here)
      ],
      [
        /needs the C library (\S+); this image has (\S+)\.$/,
        (wanted, here) =>
          trans.__('It needs glibc %1; this image has %2.', wanted, here)
      ],
      ...unreadable(trans)
    ],
    trans.__('It cannot run here.'),
    trans
  );
}

/** Why a version cannot be used. */
export function problemWord(problem: string, trans: TranslationBundle): string {
  return said(
    problem,
    unreadable(trans),
    trans.__('It cannot be read now.'),
    trans
  );
}

function unreadable(trans: TranslationBundle): Form[] {
  return [
    [
      /written by a newer modelarts_nb/,
      () => trans.__('A newer modelarts_nb wrote it: update this one.')
    ],
    [/is damaged/, () => trans.__('Its file is damaged.')]
  ];
}
