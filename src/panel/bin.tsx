import React from 'react';

import { IRemoved } from '../api/types';
import { CommandIDs } from '../commands';
import { usePanel, useRun, useSignal } from './context';
import { useRoving } from './roving';
import { IFold, Section } from './section';
import { StoredRow } from './storedRow';

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
          <StoredRow
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
