import React from 'react';

import { IEnvironment } from '../../api/types';
import { hasNewer } from '../../sealed/state';
import { IModelArtsNb } from '../../tokens';
import { TextField } from '../fields';
import { askForm } from '../form';
import { Loaded } from '../loaded';
import { DifferenceView } from './difference';

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
        <TextField
          label={trans.__('Why (optional)')}
          value={value.why}
          placeholder={trans.__('as in “with tabulate”')}
          help={trans.__(
            'The list of versions shows it. A version takes only the room of what changed.'
          )}
          onChange={why => set({ why })}
          first
        />
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
