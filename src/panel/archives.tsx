import React from 'react';

import { IArchive } from '../api/types';
import { CommandIDs } from '../commands';
import { baseName, minor } from '../words';
import { usePanel, useRun } from './context';
import { useRoving } from './roving';
import { IFold, Section } from './section';
import { StoredRow } from './storedRow';

interface IArchivesProps extends IFold {
  archives: IArchive[];
}

/** Packed environments: to carry elsewhere, or to unpack here. */
export function Archives(props: IArchivesProps): React.ReactElement {
  const { archives, open, onToggle } = props;
  const { trans, format } = usePanel();
  const run = useRun();
  const roving = useRoving(archives.map(archive => archive.path));
  return (
    <Section
      id="archives"
      title={trans.__('Archives')}
      count={archives.length || undefined}
      open={open}
      onToggle={onToggle}
      actions={
        <button
          type="button"
          className="ma-Button ma-link"
          onClick={() => run(CommandIDs.unpackArchive)}
        >
          {trans.__('Unpack a file…')}
        </button>
      }
    >
      {archives.length === 0 && (
        <p className="ma-Empty">
          {trans.__(
            'An archive is an environment in one file, to carry to another notebook. Choose “Pack” in an environment’s menu to make one.'
          )}
        </p>
      )}
      <ul
        className="ma-List"
        aria-label={trans.__('Archives')}
        onKeyDown={roving.onKeyDown}
        onFocus={roving.onFocus}
      >
        {archives.map(archive => (
          <StoredRow
            key={archive.path}
            id={archive.path}
            name={archive.name}
            current={archive.path === roving.current}
            facts={[
              archive.python ? minor(archive.python) : '',
              format.bytes(archive.size)
            ]}
            more={`${archive.format} · ${format.relative(archive.created)}`}
            hover={`${archive.path}\n${format.exact(archive.created)}`}
            action={trans.__('Unpack')}
            onAction={() =>
              run(CommandIDs.unpackArchive, { file: archive.path })
            }
            menu={[
              [CommandIDs.unpackArchive, { file: archive.path }],
              null,
              [CommandIDs.removeArchive, { name: baseName(archive.path) }]
            ]}
          />
        ))}
      </ul>
    </Section>
  );
}
