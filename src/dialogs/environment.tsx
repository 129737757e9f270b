import React from 'react';

import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';
import { CopyButton } from './error';
import { SelectField, TextField } from './fields';
import { Findings } from './findings';
import { askForm, show } from './form';
import { Loaded } from './loaded';
import { nameProblem } from './names';

/** Ask for the new name of an environment. */
export async function askRename(nb: IModelArtsNb, name: string): Promise<void> {
  const { trans, operations, inventory } = nb;
  const environment = inventory.find(name);
  const others = (inventory.view.environments ?? []).filter(
    environment => environment.name !== name
  );
  await askForm({
    title: trans.__('Rename %1', name),
    accept: trans.__('Rename'),
    trans,
    initial: { name, new: name },
    problem: value =>
      value.new === name
        ? trans.__('Give it another name.')
        : nameProblem(value.new, others, trans),
    submit: value => operations.start('env.rename', value),
    fields: ({ value, set }) => (
      <>
        <TextField
          label={trans.__('New name')}
          value={value.new}
          onChange={next => set({ new: next })}
          first
        />
        <p className="ma-Form-space">
          {environment && isSealed(environment)
            ? trans.__('Its versions get the new name; nothing is copied.')
            : trans.__(
                'The environment is copied to its new folder, because its paths change; the old one waits in the bin for a week.'
              )}
        </p>
      </>
    )
  });
}

/** The environment as a text to keep: environment.yml, or the exact list. */
export async function showExport(
  nb: IModelArtsNb,
  name: string
): Promise<void> {
  const { trans } = nb;
  await show(
    trans.__('Export %1', name),
    <ExportView nb={nb} name={name} />,
    trans
  );
}

function ExportView(props: {
  nb: IModelArtsNb;
  name: string;
}): React.ReactElement {
  const { nb, name } = props;
  const { trans, client } = nb;
  const [kind, setKind] = React.useState<'yaml' | 'lock'>('yaml');
  return (
    <>
      <SelectField
        label={trans.__('Format')}
        value={kind}
        options={[
          { value: 'yaml', label: 'environment.yml' },
          { value: 'lock', label: trans.__('exact lock file') }
        ]}
        onChange={next => setKind(next as 'yaml' | 'lock')}
        first
      />
      <Loaded key={kind} nb={nb} load={() => client.export(name, kind)}>
        {text => (
          <>
            <pre
              className="ma-Scroll"
              role="region"
              tabIndex={0}
              aria-label={trans.__('Export %1', name)}
            >
              {text}
            </pre>
            <CopyButton text={text} trans={trans} />
          </>
        )}
      </Loaded>
    </>
  );
}

/** Check an environment; what can be mended is mended by one click. */
export async function askCheck(nb: IModelArtsNb, name: string): Promise<void> {
  const { trans, client, operations } = nb;
  await askForm<{ mendable: boolean | null }>({
    title: trans.__('Check %1', name),
    accept: trans.__('Fix'),
    dismiss: trans.__('Close'),
    trans,
    initial: { mendable: null },
    problem: value => (value.mendable ? null : ''),
    submit: () => operations.start('env.fix', { name }),
    fields: ({ set }) => (
      <Loaded
        nb={nb}
        load={async () => {
          const findings = await client.check(name);
          set({
            mendable: findings.some(
              finding => finding.level !== 'ok' && finding.fix
            )
          });
          return findings;
        }}
      >
        {findings => <Findings findings={findings} trans={trans} />}
      </Loaded>
    )
  });
}
