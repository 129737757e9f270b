import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { TextField } from './fields';
import { askForm } from './form';

interface IConfirm {
  title: string;
  /** What will happen, a paragraph each. */
  lines: readonly string[];
  accept: string;
  trans: TranslationBundle;
  /** It cannot be undone. */
  danger?: boolean;
  /** What has to be typed first. */
  typed?: string;
}

/** Ask before something is done that is not easily undone. */
export function confirmed(options: IConfirm): Promise<boolean> {
  const { title, lines, accept, trans, danger, typed } = options;
  return askForm({
    title,
    accept,
    trans,
    danger,
    initial: { typed: '' },
    // An empty reason: the label says what to type.
    problem: value => (typed && value.typed.trim() !== typed ? '' : null),
    submit: () => Promise.resolve(),
    fields: ({ value, set }) => (
      <>
        {lines.map(line => (
          <p key={line}>{line}</p>
        ))}
        {typed && (
          <TextField
            label={trans.__('Type %1 to confirm', typed)}
            value={value.typed}
            onChange={text => set({ typed: text })}
            first
          />
        )}
      </>
    )
  });
}
