import React from 'react';

import { IEnvironment } from '../../api/types';
import { saveAll } from '../../sealed/saving';
import { IModelArtsNb } from '../../tokens';
import { CheckField } from '../fields';
import { askForm } from '../form';

interface IBeforeLosing {
  title: string;
  /** What will happen, a paragraph each. */
  lines: readonly string[];
  accept: string;
  /** Whose unsaved work it would take. */
  unsaved: readonly IEnvironment[];
  act: () => Promise<unknown>;
}

/** Do something that takes unsaved work, which is saved before unless the user says otherwise. */
export async function askBeforeLosing(
  nb: IModelArtsNb,
  options: IBeforeLosing
): Promise<boolean> {
  const { title, lines, accept, unsaved, act } = options;
  const { trans } = nb;
  const names = unsaved.map(item => item.name).join(', ');
  return askForm({
    title,
    accept,
    trans,
    danger: true,
    initial: { save: true },
    problem: () => null,
    submit: async ({ save }) => {
      if (save) {
        await saveAll(nb, unsaved);
      }
      await act();
    },
    fields: ({ value, set }) => (
      <>
        {lines.map(line => (
          <p key={line}>{line}</p>
        ))}
        <CheckField
          label={trans.__('First save the unsaved changes of %1', names)}
          checked={value.save}
          onChange={save => set({ save })}
        />
        <p className="ma-strong" role="status">
          {!value.save &&
            trans.__('These changes are lost: they are nowhere else.')}
        </p>
      </>
    )
  });
}
