import React from 'react';

import { IFolder, IShare } from '../../api/cloudTypes';
import { IModelArtsNb } from '../../tokens';
import { SelectField, TextField } from '../fields';
import { Loaded } from '../loaded';

const GB = 1_000_000_000;

/** Choose one of the project's shares. */
export function ShareField(props: {
  nb: IModelArtsNb;
  share: string;
  load: () => Promise<IShare[]>;
  onChange: (share: string, name: string, quiet?: boolean) => void;
}): React.ReactElement {
  const { nb, share, load, onChange } = props;
  const { trans, format } = nb;
  const label = (item: IShare) =>
    [
      item.name,
      item.free === null
        ? ''
        : trans.__('%1 free', format.bytes(item.free * GB)),
      item.status === 'available' ? '' : item.status
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <Loaded
      nb={nb}
      load={async () => {
        const shares = await load();
        if (!share && shares.length) {
          onChange(shares[0].id, shares[0].name, true);
        }
        return shares;
      }}
    >
      {shares =>
        shares.length ? (
          <SelectField
            label={trans.__('Share')}
            value={share}
            options={shares.map(item => ({
              value: item.id,
              label: label(item)
            }))}
            onChange={id =>
              onChange(id, shares.find(item => item.id === id)?.name ?? id)
            }
          />
        ) : (
          <p>
            {trans.__(
              'There is no share of SFS Turbo in this project; an administrator makes one in the console.'
            )}
          </p>
        )
      }
    </Loaded>
  );
}

/** Choose a folder of a share, of those that the policies allow, or name one. */
export function FolderField(props: {
  nb: IModelArtsNb;
  share: string;
  folder: string;
  onChange: (folder: string, quiet?: boolean) => void;
}): React.ReactElement {
  const { nb, share, folder, onChange } = props;
  const { trans, cloud } = nb;
  return (
    <Loaded
      nb={nb}
      load={async () => {
        const folders = await cloud.client.folders(share);
        const may = folders.filter(mayBe);
        // Where the root is forbidden the first that is allowed is the better guess.
        if (
          folder === '/' &&
          may.length &&
          !may.some(item => item.path === folder)
        ) {
          onChange(may[0].path, true);
        }
        return folders;
      }}
    >
      {folders => (
        <Folders
          nb={nb}
          folders={folders}
          folder={folder}
          onChange={onChange}
          label={trans.__('Folder')}
        />
      )}
    </Loaded>
  );
}

/** Not forbidden: allowed, or nobody can tell. */
const mayBe = ({ allowed, exists }: IFolder) =>
  allowed !== false && exists !== false;

function Folders(props: {
  nb: IModelArtsNb;
  folders: IFolder[];
  folder: string;
  label: string;
  onChange: (folder: string) => void;
}): React.ReactElement {
  const { nb, folders, folder, label, onChange } = props;
  const { trans, format } = nb;
  const may = folders.filter(mayBe);
  const [free, setFree] = React.useState(
    () => !may.some(item => item.path === folder)
  );
  const forbidden = folders.filter(item => item.allowed === false);
  const known = folders.find(item => item.path === folder);
  return (
    <>
      {may.length > 0 && (
        <SelectField
          label={label}
          value={free ? '' : folder}
          options={[
            ...may.map(item => ({
              value: item.path,
              label: [
                item.path === '/' ? trans.__('/ (the whole share)') : item.path,
                item.used === null
                  ? ''
                  : trans.__('%1 used', format.bytes(item.used)),
                item.allowed === null ? trans.__('right not known') : ''
              ]
                .filter(Boolean)
                .join(' · ')
            })),
            { value: '', label: trans.__('Another folder') }
          ]}
          help={
            forbidden.length
              ? trans.__(
                  'Not allowed by your policies: %1',
                  forbidden.map(item => item.path).join(', ')
                )
              : undefined
          }
          onChange={path => {
            setFree(path === '');
            onChange(path || '/');
          }}
        />
      )}
      {(free || may.length === 0) && (
        <TextField
          label={trans.__('Path in the share')}
          value={folder}
          placeholder="/team/data"
          help={
            known?.allowed === false
              ? trans.__('Your policies forbid this one.')
              : undefined
          }
          onChange={onChange}
        />
      )}
    </>
  );
}
