import React from 'react';

import { IVersion } from '../../api/sealedTypes';
import { IEnvironment } from '../../api/types';
import { versionLine } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { SelectField } from '../fields';
import { askForm } from '../form';
import { SpaceLine } from '../space';

/** Make a folder of a sealed environment again, of its version or of an earlier one. */
export async function askOpen(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, client, operations } = nb;
  const { name, version } = environment;
  const versions = (await client.versions(name)).filter(item => !item.problem);
  await askForm({
    title: trans.__('Open %1 again', name),
    accept: trans.__('Open'),
    trans,
    initial: { number: String(version ?? versions[0]?.number ?? '') },
    problem: value => (value.number ? null : ''),
    submit: value =>
      operations.start('env.open', {
        name,
        // Of the one in use nothing is said: what is unsaved there is saved and comes along.
        number:
          value.number === String(version) ? undefined : Number(value.number)
      }),
    fields: ({ value, set }) => (
      <>
        <p>
          {trans.__(
            'It becomes a folder on the persistent disk, as it was before it was sealed: for tools that want to see its files there. Its versions stay as its history.'
          )}
        </p>
        {versions.length > 1 && (
          <SelectField
            label={trans.__('Version')}
            value={value.number}
            options={versions.map(item => ({
              value: String(item.number),
              label: versionLine(item, trans)
            }))}
            onChange={number => set({ number })}
            first
          />
        )}
        {environment.unsaved && (
          <p>
            {trans.__('Unsaved changes are saved as a version before that.')}
          </p>
        )}
        <Space
          nb={nb}
          version={versions.find(item => String(item.number) === value.number)}
        />
      </>
    )
  });
}

function Space(props: {
  nb: IModelArtsNb;
  version: IVersion | undefined;
}): React.ReactElement {
  const { nb, version } = props;
  return (
    <SpaceLine
      nb={nb}
      size={version?.size}
      files={version?.files}
      like="env.open"
    />
  );
}
