import React from 'react';

import { asApiError } from '../api/request';
import { IArchive, IPreflight } from '../api/types';
import { IModelArtsNb } from '../tokens';
import { baseName } from '../words';
import { ErrorBox } from './error';
import { CheckField, SelectField, TextField } from './fields';
import { Findings } from './findings';
import { askForm, IFields } from './form';
import { nameProblem } from './names';
import { SpaceLine } from './space';

interface IPackValue {
  name: string;
  format: string;
  ignore_editable_packages: boolean;
  ignore_missing_files: boolean;
}

/** Pack an environment into one file, after saying what would get in the way. */
export async function askPack(nb: IModelArtsNb, name: string): Promise<void> {
  const { trans, operations } = nb;
  await askForm<IPackValue>({
    title: trans.__('Pack %1', name),
    accept: trans.__('Pack'),
    trans,
    initial: {
      name,
      format: 'tar.zst',
      ignore_editable_packages: false,
      ignore_missing_files: false
    },
    problem: () => null,
    submit: value => operations.start('env.pack', { ...value }),
    fields: ({ value, set }) => (
      <>
        <SelectField
          label={trans.__('Format')}
          value={value.format}
          options={[
            { value: 'tar.zst', label: trans.__('tar.zst: small and fast') },
            {
              value: 'tar.gz',
              label: trans.__('tar.gz: opens everywhere, slower')
            },
            { value: 'squashfs', label: trans.__('squashfs: can be mounted') }
          ]}
          onChange={format => set({ format })}
          first
        />
        <PreflightLines nb={nb} value={value} set={set} />
      </>
    )
  });
}

function PreflightLines(
  props: IFields<IPackValue> & { nb: IModelArtsNb }
): React.ReactElement {
  const { nb, value, set } = props;
  const { name } = value;
  const { trans, client } = nb;
  const [answer, setAnswer] = React.useState<IPreflight | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  React.useEffect(() => {
    client.preflight(name).then(setAnswer, setError);
  }, [client, name]);
  if (error) {
    return <ErrorBox error={asApiError(error)} trans={trans} />;
  }
  if (!answer) {
    return (
      <p role="status">{trans.__('Looking what would get in the way…')}</p>
    );
  }
  const met = new Set(answer.findings.map(finding => finding.check));
  return (
    <>
      <SpaceLine
        nb={nb}
        size={answer.needed}
        files={answer.files}
        like="env.pack"
      />
      <Findings findings={answer.findings} trans={trans} />
      {met.has('editable') && (
        <CheckField
          label={trans.__('Leave editable packages out')}
          checked={value.ignore_editable_packages}
          onChange={ignore_editable_packages =>
            set({ ignore_editable_packages })
          }
        />
      )}
      {(met.has('missing') || met.has('outside')) && (
        <CheckField
          label={trans.__('Pack although files are missing')}
          checked={value.ignore_missing_files}
          onChange={ignore_missing_files => set({ ignore_missing_files })}
        />
      )}
    </>
  );
}

/** Unpack an archive of the list, or any file on the server. */
export async function askUnpack(
  nb: IModelArtsNb,
  args: { file?: string; name?: string } = {}
): Promise<void> {
  const { trans, client, operations, inventory } = nb;
  const archives = inventory.view.archives ?? [];
  const file = args.file ?? archives[0]?.path ?? '';
  const name =
    args.name ??
    (file
      ? await client.suggestName(nameOf(file, archives)).catch(() => '')
      : '');
  await askForm({
    title: trans.__('Unpack Archive'),
    accept: trans.__('Unpack'),
    trans,
    initial: { file, name },
    problem: value =>
      value.file.trim()
        ? nameProblem(value.name, inventory.view.environments ?? [], trans)
        : trans.__('Name the archive.'),
    submit: value =>
      operations.start('env.unpack', { ...value, file: value.file.trim() }),
    fields: ({ value, set }) => {
      const chosen = archives.find(archive => archive.path === value.file);
      return (
        <>
          {archives.length > 0 && (
            <SelectField
              label={trans.__('Archive')}
              value={chosen ? value.file : ''}
              options={[
                ...archives.map(archive => ({
                  value: archive.path,
                  label: baseName(archive.path)
                })),
                { value: '', label: trans.__('Another file') }
              ]}
              onChange={path => set({ file: path })}
            />
          )}
          {!chosen && (
            <TextField
              label={trans.__('Path of the archive')}
              value={value.file}
              placeholder="mine.tar.zst"
              onChange={path => set({ file: path })}
            />
          )}
          <TextField
            label={trans.__('Name')}
            value={value.name}
            onChange={next => set({ name: next })}
            first
          />
          <SpaceLine
            nb={nb}
            size={chosen?.unpacked_size}
            files={chosen?.files}
            like="env.unpack"
          />
        </>
      );
    }
  });
}

function nameOf(file: string, archives: readonly IArchive[]): string {
  const known = archives.find(archive => archive.path === file);
  return known?.name ?? baseName(file).replace(/\.(tar\.\w+|squashfs)$/, '');
}
