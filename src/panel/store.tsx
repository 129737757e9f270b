import React from 'react';

import { IArchive, IRemoved } from '../api/types';
import { CommandIDs } from '../commands';
import { baseName } from '../words';
import { usePanel, useRun, useSignal } from './context';
import { Entry } from './menu';
import { MenuButton } from './menuButton';
import { useRoving } from './roving';
import { minor } from './row';
import { useRowActions } from './rowActions';
import { IFold, Section } from './section';

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
          <Line
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

interface IBinProps extends IFold {
  removed: IRemoved[];
}

/** Removed environments, until they are purged. */
export function Bin(props: IBinProps): React.ReactElement {
  const { removed, open, onToggle } = props;
  const { trans, format, inventory } = usePanel();
  const run = useRun();
  const sealing = useSignal(inventory.changed, () =>
    (inventory.view.environments ?? []).some(item => item.versions > 0)
  );
  const roving = useRoving(removed.map(item => item.entry));
  return (
    <Section
      id="bin"
      title={trans.__('Bin')}
      count={removed.length || undefined}
      open={open}
      onToggle={onToggle}
      actions={
        <>
          {sealing && (
            <button
              type="button"
              className="ma-Button ma-link"
              title={trans.__(
                'Images of sealed environments that nobody needs'
              )}
              onClick={() => run(CommandIDs.collectImages)}
            >
              {trans.__('Free images…')}
            </button>
          )}
          {removed.length > 0 && (
            <button
              type="button"
              className="ma-Button ma-link"
              onClick={() => run(CommandIDs.emptyBin)}
            >
              {trans.__('Empty…')}
            </button>
          )}
        </>
      }
    >
      {removed.length === 0 && (
        <p className="ma-Empty">
          {trans.__(
            'Removed environments wait here for a week, to be restored.'
          )}
        </p>
      )}
      <ul
        className="ma-List"
        aria-label={trans.__('Bin')}
        onKeyDown={roving.onKeyDown}
        onFocus={roving.onFocus}
      >
        {removed.map(item => (
          <Line
            key={item.entry}
            id={item.entry}
            name={item.name}
            current={item.entry === roving.current}
            facts={[item.size === null ? '' : format.bytes(item.size)]}
            more={trans.__(
              'deleted for good %1',
              format.relative(item.purged_after)
            )}
            hover={trans.__('Removed: %1', format.exact(item.removed))}
            action={trans.__('Restore')}
            onAction={() =>
              run(CommandIDs.restoreEnvironment, {
                entry: item.entry,
                name: item.name
              })
            }
          />
        ))}
      </ul>
    </Section>
  );
}

interface ILineProps {
  id: string;
  name: string;
  current: boolean;
  facts: string[];
  more: string;
  hover: string;
  action: string;
  onAction: () => void;
  menu?: readonly Entry[];
}

function Line(props: ILineProps): React.ReactElement {
  const { menu = [] } = props;
  const { trans } = usePanel();
  const row = useRowActions({ primary: props.onAction, entries: menu });
  const tabIndex = props.current ? 0 : -1;
  return (
    <li
      {...row}
      className="ma-Row ma-mod-plain"
      data-row={props.id}
      tabIndex={tabIndex}
      aria-label={[props.name, ...props.facts, props.more]
        .filter(Boolean)
        .join(', ')}
      title={props.hover}
    >
      <span className="ma-Row-name">{props.name}</span>
      {props.facts.map((fact, index) => (
        <span key={index} className="ma-number">
          {fact}
        </span>
      ))}
      <span className="ma-Row-more ma-muted">{props.more}</span>
      <span className="ma-Row-actions">
        <button
          type="button"
          className="ma-Button ma-stays"
          tabIndex={tabIndex}
          onClick={props.onAction}
        >
          {props.action}
        </button>
        {menu.length > 0 && (
          <MenuButton
            label={trans.__('More for %1', props.name)}
            entries={menu}
            tabIndex={tabIndex}
            back={row.ref}
          />
        )}
      </span>
    </li>
  );
}
