import React from 'react';

import { IEnvironment, IPackage, Params } from '../api/types';
import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';
import { baseName } from '../words';
import { TextField } from './fields';
import { askForm, IFields, show } from './form';
import { Loaded } from './loaded';
import { specs } from './names';

interface IInstallValue {
  packages: string;
  pip: string;
  channels: string;
}

/** Ask what to install into an environment. */
export async function askInstall(
  nb: IModelArtsNb,
  name: string
): Promise<void> {
  const { trans, operations } = nb;
  const paramsOf = (value: IInstallValue): Params => ({
    name,
    specs: specs(value.packages),
    pip: specs(value.pip),
    channels: specs(value.channels)
  });
  await askForm<IInstallValue>({
    title: trans.__('Install Packages into %1', name),
    accept: trans.__('Install'),
    trans,
    initial: { packages: '', pip: '', channels: '' },
    problem: value =>
      specs(value.packages).length + specs(value.pip).length
        ? null
        : trans.__('Name at least one package.'),
    submit: value => operations.start('env.install', paramsOf(value)),
    preview: {
      nb,
      start: value =>
        operations.start('env.install', { ...paramsOf(value), dry_run: true })
    },
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
        <WhatBecomes nb={nb} name={name} />
      </>
    )
  });
}

/** Say what goes with these packages, then uninstall them. */
async function askUninstall(
  nb: IModelArtsNb,
  name: string,
  packages: string[]
): Promise<void> {
  const { trans, operations } = nb;
  const params: Params = { name, specs: packages };
  await askForm({
    title: trans.__('Uninstall from %1', name),
    accept: trans.__('Uninstall'),
    trans,
    initial: {},
    problem: () => null,
    submit: () => operations.start('env.uninstall', params),
    preview: {
      nb,
      start: () =>
        operations.start('env.uninstall', { ...params, dry_run: true }),
      atOnce: true
    },
    fields: () => (
      <>
        <p>{packages.join(', ')}</p>
        <WhatBecomes nb={nb} name={name} />
      </>
    )
  });
}

/** Where what was there before is found afterwards. */
function WhatBecomes(props: {
  nb: IModelArtsNb;
  name: string;
}): React.ReactElement {
  const { inventory, trans } = props.nb;
  const environment = inventory.find(props.name);
  return (
    <p className="ma-Form-space">
      {environment && isSealed(environment)
        ? trans.__(
            'It changes the copy on the local disk: save that as a version to keep it. Running kernels keep what they have until they are restarted.'
          )
        : trans.__(
            'The environment as it was waits in the bin for a week. Running kernels keep what they have until they are restarted.'
          )}
    </p>
  );
}

interface IChosen {
  chosen: string[];
}

/** What is installed in an environment; on the disk it can be uninstalled too. */
export async function showPackages(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, client } = nb;
  const onDisk = environment.where === 'disk';
  const name = onDisk ? environment.name : environment.prefix;
  const title = trans.__('Packages of %1', environment.name);
  const table = (fields?: IFields<IChosen>) => (
    <Loaded nb={nb} load={() => client.packages(name)}>
      {packages => <PackageTable nb={nb} packages={packages} choice={fields} />}
    </Loaded>
  );
  if (!onDisk) {
    await show(title, table(), trans);
    return;
  }
  let chosen: string[] = [];
  const uninstall = await askForm<IChosen>({
    title,
    accept: trans.__('Uninstall…'),
    dismiss: trans.__('Close'),
    trans,
    initial: { chosen },
    problem: value => (value.chosen.length ? null : ''),
    submit: async value => {
      chosen = value.chosen;
    },
    fields: table
  });
  if (uninstall) {
    await askUninstall(nb, name, chosen);
  }
}

function PackageTable(props: {
  nb: IModelArtsNb;
  packages: IPackage[];
  choice?: IFields<IChosen>;
}): React.ReactElement {
  const { nb, packages, choice } = props;
  const { trans, format } = nb;
  const [wanted, setWanted] = React.useState('');
  const found = packages.filter(item =>
    item.name.toLowerCase().includes(wanted.toLowerCase())
  );
  const chosen = choice?.value.chosen ?? [];
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
                <td>
                  {choice ? (
                    <label className="ma-Choice">
                      <input
                        type="checkbox"
                        checked={chosen.includes(item.name)}
                        onChange={event =>
                          choice.set({
                            chosen: event.target.checked
                              ? [...chosen, item.name]
                              : chosen.filter(other => other !== item.name)
                          })
                        }
                      />
                      {item.name}
                    </label>
                  ) : (
                    item.name
                  )}
                </td>
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
