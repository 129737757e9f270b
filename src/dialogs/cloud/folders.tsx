import React from 'react';

import { folderProblem } from '../../cloud/paths';
import { IFolderArgs } from '../../commands';
import { IModelArtsNb } from '../../tokens';
import { SelectField, TextField } from '../fields';
import { askForm } from '../form';
import { FolderField, ShareField } from './share';

const GB = 1_000_000_000;

/** Make a folder on a share. */
export async function askFolder(
  nb: IModelArtsNb,
  args: IFolderArgs = {}
): Promise<void> {
  const { trans, operations, cloud } = nb;
  await askForm({
    title: trans.__('New Folder on a Share'),
    accept: trans.__('Create'),
    trans,
    initial: { share: args.share ?? '', path: args.path ?? '', mode: '755' },
    problem: value =>
      !value.share
        ? trans.__('Choose a share.')
        : (folderProblem(value.path, trans) ??
          (value.path.split('/').some(Boolean)
            ? null
            : trans.__('Name the folder.'))),
    submit: value =>
      operations.start('storage.create_folder', {
        ...value,
        path: value.path.trim()
      }),
    fields: ({ value, set }) => (
      <>
        <ShareField
          nb={nb}
          share={value.share}
          load={() => cloud.client.shares()}
          onChange={(share, _, quiet) => set({ share }, quiet)}
        />
        <TextField
          label={trans.__('Folder')}
          value={value.path}
          placeholder="/team/data"
          help={trans.__('It belongs to ma-user, who you are in notebooks.')}
          onChange={path => set({ path })}
          first
        />
        <SelectField
          label={trans.__('Who may use it')}
          value={value.mode}
          options={[
            { value: '755', label: trans.__('all read, the owner writes') },
            { value: '775', label: trans.__('the group writes too') },
            { value: '700', label: trans.__('the owner alone') }
          ]}
          onChange={mode => set({ mode })}
        />
      </>
    )
  });
}

/** Limit what a folder of a share may hold. */
export async function askQuota(
  nb: IModelArtsNb,
  args: IFolderArgs = {}
): Promise<void> {
  const { trans, operations, cloud } = nb;
  await askForm({
    title: trans.__('Quota of a Folder'),
    accept: trans.__('Set'),
    trans,
    initial: {
      share: args.share ?? '',
      path: args.path ?? '/',
      gigabytes: '100',
      files: '1000000'
    },
    problem: value =>
      !value.share
        ? trans.__('Choose a share.')
        : (folderProblem(value.path, trans) ??
          (Number(value.gigabytes) > 0 && Number(value.files) >= 1
            ? null
            : trans.__(
                'Both limits must be positive: 0 would block writing.'
              ))),
    submit: value =>
      operations.start('storage.set_quota', {
        share: value.share,
        path: value.path.trim(),
        capacity: Math.round(Number(value.gigabytes) * GB),
        inodes: Math.round(Number(value.files))
      }),
    fields: ({ value, set }) => (
      <>
        <ShareField
          nb={nb}
          share={value.share}
          load={() => cloud.client.shares()}
          onChange={(share, _, quiet) => set({ share, path: '/' }, quiet)}
        />
        {value.share && (
          <FolderField
            key={value.share}
            nb={nb}
            share={value.share}
            folder={value.path}
            onChange={(path, quiet) => set({ path }, quiet)}
          />
        )}
        <TextField
          label={trans.__('Gigabytes')}
          value={value.gigabytes}
          range={[1, 10_000_000]}
          onChange={gigabytes => set({ gigabytes })}
        />
        <TextField
          label={trans.__('Files')}
          value={value.files}
          range={[1, 1e12]}
          onChange={files => set({ files })}
        />
      </>
    )
  });
}
