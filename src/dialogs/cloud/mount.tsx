import React from 'react';

import { IShare } from '../../api/cloudTypes';
import {
  folderProblem,
  mountPathProblem,
  obsProblem,
  pathFor,
  tidy
} from '../../cloud/paths';
import { IMountArgs } from '../../commands';
import { IModelArtsNb } from '../../tokens';
import { SelectField, TextField } from '../fields';
import { askForm, IFields } from '../form';
import { FolderField, ShareField } from './share';

interface IValue {
  category: string;
  /** Of OBS. */
  source: string;
  share: string;
  folder: string;
  path: string;
  /** The user has chosen the path; it does not follow the source any more. */
  chosen: boolean;
}

const SHARE = /^([0-9A-Za-z-]{8,64})(?:\.sfsturbo\.internal)?:(\/.*)$/;

/** Mount a bucket or a folder of a share below /data. */
export async function askMount(
  nb: IModelArtsNb,
  args: IMountArgs = {}
): Promise<void> {
  const { trans, operations, cloud } = nb;
  const storages = cloud.view.storages ?? [];
  const ofShare = SHARE.exec(args.source ?? '');
  // Asked once, however often the category is changed.
  let shares: Promise<IShare[]> | null = null;
  const readShares = () => (shares ??= cloud.client.shares());
  await askForm<IValue>({
    title: trans.__('Mount Storage'),
    accept: trans.__('Mount'),
    trans,
    initial: {
      category: args.category || (ofShare ? 'EFS' : 'OBSFS'),
      source: ofShare ? '' : (args.source ?? ''),
      share: ofShare?.[1] ?? '',
      folder: ofShare?.[2] ?? '/',
      path: args.path ?? '',
      chosen: Boolean(args.path)
    },
    problem: value =>
      (value.category === 'EFS'
        ? value.share
          ? folderProblem(value.folder, trans)
          : trans.__('Choose a share.')
        : obsProblem(value.source, trans)) ??
      mountPathProblem(value.path, storages, trans),
    submit: value =>
      operations.start('storage.mount', {
        source: sourceOf(value),
        path: tidy(value.path),
        category: value.category
      }),
    fields: props => <MountFields {...props} nb={nb} readShares={readShares} />
  });
}

function sourceOf({ category, source, share, folder }: IValue): string {
  return category === 'EFS' ? `${share}:${folder.trim()}` : source.trim();
}

function MountFields(
  props: IFields<IValue> & {
    nb: IModelArtsNb;
    readShares: () => Promise<IShare[]>;
  }
): React.ReactElement {
  const { nb, value, readShares } = props;
  const { trans, cloud } = nb;
  // What is read from the cloud comes later than it was asked for.
  const latest = React.useRef(value);
  latest.current = value;
  /** Change the source; the path follows while it is nobody's choice. */
  const set = (change: Partial<IValue>, word?: string, quiet?: boolean) =>
    props.set(
      latest.current.chosen || !word
        ? change
        : {
            ...change,
            path: pathFor(word, cloud.view.storages ?? [])
          },
      quiet
    );
  return (
    <>
      <SelectField
        label={trans.__('What')}
        value={value.category}
        options={[
          { value: 'OBSFS', label: trans.__('OBS parallel file system') },
          { value: 'OBS', label: trans.__('OBS bucket') },
          { value: 'EFS', label: trans.__('SFS Turbo share') }
        ]}
        help={
          value.category === 'EFS'
            ? trans.__('Only notebooks in a dedicated pool reach shares.')
            : trans.__('Which of the two a site takes differs.')
        }
        onChange={category => set({ category })}
        first
      />
      {value.category === 'EFS' ? (
        <>
          <ShareField
            nb={nb}
            share={value.share}
            load={readShares}
            onChange={(share, name, quiet) =>
              set({ share, folder: '/' }, name, quiet)
            }
          />
          {value.share && (
            <FolderField
              key={value.share}
              nb={nb}
              share={value.share}
              folder={value.folder}
              onChange={(folder, quiet) =>
                set({ folder }, folder === '/' ? undefined : folder, quiet)
              }
            />
          )}
        </>
      ) : (
        <TextField
          label={trans.__('Source')}
          value={value.source}
          placeholder="obs://bucket/folder/"
          onChange={source => set({ source }, source)}
        />
      )}
      <TextField
        label={trans.__('Path in the notebook')}
        value={value.path}
        placeholder="/data/mine"
        onChange={path => props.set({ path, chosen: path !== '' })}
      />
    </>
  );
}
