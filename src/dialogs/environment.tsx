import React from 'react';

import { asApiError } from '../api/request';
import { IPackage } from '../api/types';
import { IModelArtsNb } from '../tokens';
import { baseName } from '../words';
import { CopyButton, ErrorBox } from './error';
import { SelectField, TextField } from './fields';
import { Findings } from './findings';
import { askForm, show } from './form';
import { nameProblem, specs } from './names';

/** Ask for the new name of an environment. */
export async function askRename(nb: IModelArtsNb, name: string): Promise<void> {
  const { trans, operations, inventory } = nb;
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
          {trans.__(
            'The environment is copied to its new folder, because its paths change; the old one waits in the bin for a week.'
          )}
        </p>
      </>
    )
  });
}

/** Ask what to install into an environment. */
export async function askInstall(
  nb: IModelArtsNb,
  name: string
): Promise<void> {
  const { trans, operations } = nb;
  await askForm({
    title: trans.__('Install Packages into %1', name),
    accept: trans.__('Install'),
    trans,
    initial: { packages: '', pip: '', channels: '' },
    problem: value =>
      specs(value.packages).length + specs(value.pip).length
        ? null
        : trans.__('Name at least one package.'),
    submit: value =>
      operations.start('env.install', {
        name,
        specs: specs(value.packages),
        pip: specs(value.pip),
        channels: specs(value.channels)
      }),
    fields: ({ value, set }) => (
      <>
        <TextField
          label={trans.__('Packages from conda channels')}
          value={value.packages}
          placeholder="numpy pandas>=2"
          onChange={packages => set({ packages })}
          first
        />
        <TextField
          label={trans.__('Packages from pip')}
          value={value.pip}
          onChange={pip => set({ pip })}
        />
        <TextField
          label={trans.__('Channels')}
          value={value.channels}
          placeholder={trans.__('those of .condarc')}
          onChange={channels => set({ channels })}
        />
      </>
    )
  });
}

/** What is installed in an environment, to read and to search. */
export async function showPackages(
  nb: IModelArtsNb,
  name: string
): Promise<void> {
  const { trans, client } = nb;
  await show(
    trans.__('Packages of %1', name),
    <Loaded nb={nb} load={() => client.packages(name)}>
      {packages => <PackageTable nb={nb} packages={packages} />}
    </Loaded>,
    trans
  );
}

function PackageTable(props: {
  nb: IModelArtsNb;
  packages: IPackage[];
}): React.ReactElement {
  const { nb, packages } = props;
  const { trans, format } = nb;
  const [wanted, setWanted] = React.useState('');
  const found = packages.filter(item =>
    item.name.toLowerCase().includes(wanted.toLowerCase())
  );
  return (
    <>
      <TextField
        label={trans._n(
          'Search in %2 package',
          'Search in %2 packages',
          packages.length,
          format.count(packages.length)
        )}
        value={wanted}
        onChange={setWanted}
        first
      />
      <div
        className="ma-Scroll"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Packages')}
      >
        <table className="ma-Table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              <th scope="col">{trans.__('Version')}</th>
              <th scope="col">{trans.__('From')}</th>
            </tr>
          </thead>
          <tbody>
            {found.map(item => (
              <tr key={`${item.manager} ${item.name}`}>
                <td>{item.name}</td>
                <td>{item.version}</td>
                <td>
                  {item.manager === 'pip' ? 'pip' : channelName(item.channel)}
                  {item.editable && ` (${trans.__('editable')})`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The last part of a channel's address says enough. */
function channelName(channel: string): string {
  return baseName(channel) || 'conda';
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

/** Show what a promise brings, its error, or that it is on its way. */
function Loaded<T>(props: {
  nb: IModelArtsNb;
  load: () => Promise<T>;
  children: (value: T) => React.ReactElement;
}): React.ReactElement {
  const { nb, load, children } = props;
  const [value, setValue] = React.useState<{ it: T } | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const once = React.useRef(load);
  React.useEffect(() => {
    once.current().then(it => setValue({ it }), setError);
  }, []);
  if (error) {
    return <ErrorBox error={asApiError(error)} trans={nb.trans} />;
  }
  return value ? (
    children(value.it)
  ) : (
    <p role="status">{nb.trans.__('Reading…')}</p>
  );
}
