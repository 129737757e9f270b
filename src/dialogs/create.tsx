import React from 'react';

import { Params } from '../api/types';
import { IModelArtsNb } from '../tokens';
import { SelectField, TextField } from './fields';
import { IFields, askForm } from './form';
import { nameProblem, specs } from './names';
import { SpaceLine } from './space';

const PYTHONS = ['3.13', '3.12', '3.11', '3.10', '3.9', '3.8', '3.7'];

interface IValue {
  name: string;
  from: 'packages' | 'file';
  python: string;
  packages: string;
  channels: string;
  file: string;
}

/** Make a new environment from packages, or from a file that lists them. */
export async function askCreate(
  nb: IModelArtsNb,
  args: { name?: string; file?: string } = {}
): Promise<void> {
  const { trans, client, operations, inventory } = nb;
  const name =
    args.name ?? (await client.suggestName('mine').catch(() => 'mine'));
  await askForm<IValue>({
    title: trans.__('New Environment'),
    accept: trans.__('Create'),
    trans,
    initial: {
      name,
      from: args.file ? 'file' : 'packages',
      python: '3.10',
      packages: '',
      channels: '',
      file: args.file ?? ''
    },
    fields: props => <CreateFields {...props} nb={nb} />,
    problem: value =>
      nameProblem(value.name, inventory.view.environments ?? [], trans) ??
      (value.from === 'file' && !value.file.trim()
        ? trans.__('Name the file.')
        : null),
    submit: value => operations.start('env.create', paramsOf(value)),
    preview: {
      nb,
      start: value =>
        operations.start('env.create', { ...paramsOf(value), dry_run: true })
    }
  });
}

function paramsOf(value: IValue): Params {
  const { name } = value;
  const channels = specs(value.channels);
  return value.from === 'file'
    ? { name, file: value.file.trim(), channels }
    : {
        name,
        python: value.python || undefined,
        specs: specs(value.packages),
        channels
      };
}

function CreateFields(
  props: IFields<IValue> & { nb: IModelArtsNb }
): React.ReactElement {
  const { value, set, nb } = props;
  const { trans } = nb;
  return (
    <>
      <TextField
        label={trans.__('Name')}
        value={value.name}
        onChange={name => set({ name })}
        first
      />
      <SelectField
        label={trans.__('From')}
        value={value.from}
        options={[
          { value: 'packages', label: trans.__('Packages I choose') },
          {
            value: 'file',
            label: trans.__('A file (environment.yml, requirements.txt)')
          }
        ]}
        onChange={from => set({ from: from as IValue['from'] })}
      />
      {value.from === 'file' ? (
        <TextField
          label={trans.__('File')}
          value={value.file}
          placeholder="environment.yml"
          help={trans.__('The path on the server.')}
          onChange={file => set({ file })}
        />
      ) : (
        <>
          <SelectField
            label="Python"
            value={value.python}
            options={PYTHONS.map(version => ({
              value: version,
              label: version
            }))}
            onChange={python => set({ python })}
          />
          <TextField
            label={trans.__('Packages')}
            value={value.packages}
            placeholder="numpy pandas>=2"
            help={trans.__(
              'Separated by spaces. ipykernel is added, so that notebooks can use it.'
            )}
            rows={2}
            onChange={packages => set({ packages })}
          />
        </>
      )}
      <TextField
        label={trans.__('Channels')}
        value={value.channels}
        placeholder={trans.__('those of .condarc')}
        onChange={channels => set({ channels })}
      />
      <SpaceLine nb={nb} />
    </>
  );
}
