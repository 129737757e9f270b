import React from 'react';

import { asApiError } from '../api/request';
import { IArchive, IFinding, IPreflight } from '../api/types';
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

/** What is in the way, once it is known. */
interface IPack {
  params: IPackValue;
  findings: IFinding[];
}

/** Findings that the user can choose to overlook, and by what. */
const OVERLOOKED: { [check: string]: keyof IPackValue } = {
  editable: 'ignore_editable_packages',
  missing: 'ignore_missing_files',
  outside: 'ignore_missing_files'
};

/** Pack an environment into one file, after saying what would get in the way. */
export async function askPack(nb: IModelArtsNb, name: string): Promise<void> {
  const { trans, operations } = nb;
  await askForm<IPack>({
    title: trans.__('Pack %1', name),
    accept: trans.__('Pack'),
    trans,
    initial: {
      params: {
        name,
        format: 'tar.zst',
        ignore_editable_packages: false,
        ignore_missing_files: false
      },
      findings: []
    },
    problem: ({ params, findings }) =>
      findings.some(
        ({ check, level }) => level === 'error' && !params[OVERLOOKED[check]]
      )
        ? trans.__('Mend what gets in the way, or choose to leave it out.')
        : null,
    submit: ({ params }) => operations.start('env.pack', { ...params }),
    fields: ({ value, set }) => (
      <>
        <SelectField
          label={trans.__('Format')}
          value={value.params.format}
          options={[
            { value: 'tar.zst', label: trans.__('tar.zst: small and fast') },
            {
              value: 'tar.gz',
              label: trans.__('tar.gz: opens everywhere, slower')
            },
            { value: 'squashfs', label: trans.__('squashfs: can be mounted') }
          ]}
          onChange={format => set({ params: { ...value.params, format } })}
          first
        />
        <PreflightLines nb={nb} value={value} set={set} />
      </>
    )
  });
}

function PreflightLines(
  props: IFields<IPack> & { nb: IModelArtsNb }
): React.ReactElement {
  const { nb, value, set } = props;
  const { params } = value;
  const { name } = params;
  const choose = (change: Partial<IPackValue>) =>
    set({ params: { ...params, ...change } });
  const { trans, client } = nb;
  const [answer, setAnswer] = React.useState<IPreflight | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const tell = React.useRef(set);
  tell.current = set;
  React.useEffect(() => {
    client.preflight(name).then(found => {
      setAnswer(found);
      tell.current({ findings: found.findings });
    }, setError);
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
          checked={params.ignore_editable_packages}
          onChange={ignore_editable_packages =>
            choose({ ignore_editable_packages })
          }
        />
      )}
      {(met.has('missing') || met.has('outside')) && (
        <CheckField
          label={trans.__('Pack although files are missing')}
          checked={params.ignore_missing_files}
          onChange={ignore_missing_files => choose({ ignore_missing_files })}
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
