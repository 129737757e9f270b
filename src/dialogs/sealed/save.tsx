import React from 'react';

import { IEnvironment } from '../../api/types';
import { hasNewer, unsavedOf } from '../../sealed/state';
import { IModelArtsNb } from '../../tokens';
import { TextField } from '../fields';
import { askForm, show } from '../form';
import { Loaded } from '../loaded';
import { DifferenceView } from './difference';

/** Save all environments that have unsaved work, each as a version. */
export async function askSaveAll(nb: IModelArtsNb): Promise<void> {
  const { trans, operations, inventory } = nb;
  const unsaved = unsavedOf(inventory.view.environments);
  const title = trans.__('Save All');
  if (!unsaved.length) {
    await show(title, <p>{trans.__('Nothing is unsaved.')}</p>, trans);
    return;
  }
  await askForm({
    title,
    accept: trans.__('Save'),
    trans,
    initial: { why: '' },
    problem: () => null,
    submit: ({ why }) =>
      operations.start('env.save_all', { why: why.trim() || undefined }),
    fields: ({ value, set }) => (
      <>
        <p>{unsaved.map(item => item.name).join(', ')}</p>
        <Why nb={nb} why={value.why} onChange={why => set({ why })} />
      </>
    )
  });
}

/** Save what was changed in the local copy as a version, saying why. */
export async function askSave(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, client, operations } = nb;
  const { name, version, newest } = environment;
  await askForm({
    title: trans.__('Save %1', name),
    accept: trans.__('Save'),
    trans,
    initial: { why: '' },
    problem: () => null,
    submit: ({ why }) =>
      operations.start('env.save', { name, why: why.trim() || undefined }),
    fields: ({ value, set }) => (
      <>
        <Why nb={nb} why={value.why} onChange={why => set({ why })} />
        {hasNewer(environment) && (
          <p>
            {trans.__(
              'Somebody else saved version %1 meanwhile. Both are kept; yours is made from version %2 and becomes the newest.',
              newest,
              version
            )}
          </p>
        )}
        {version !== null && (
          <section className="ma-Compared">
            <h3>{trans.__('Changed since version %1', version)}</h3>
            <Loaded
              nb={nb}
              load={() => client.difference(name, String(version), 'unsaved')}
            >
              {found => <DifferenceView nb={nb} difference={found} />}
            </Loaded>
          </section>
        )}
      </>
    )
  });
}

function Why(props: {
  nb: IModelArtsNb;
  why: string;
  onChange: (why: string) => void;
}): React.ReactElement {
  const { nb, why, onChange } = props;
  const { trans } = nb;
  return (
    <TextField
      label={trans.__('Why (optional)')}
      value={why}
      placeholder={trans.__('as in “with tabulate”')}
      help={trans.__(
        'The list of versions shows it. A version takes only the room of what changed.'
      )}
      onChange={onChange}
      first
    />
  );
}
