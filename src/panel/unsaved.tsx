import React from 'react';

import { IEnvironment } from '../api/types';
import { CommandIDs } from '../commands';
import { unsavedOf } from '../sealed/state';
import { usePanel, useRun, useSignal } from './context';

/** Environments with work that a restart takes. */
export function useUnsaved(): readonly IEnvironment[] {
  const { inventory } = usePanel();
  return useSignal(inventory.changed, () =>
    unsavedOf(inventory.view.environments)
  );
}

/** Whose work is unsaved, in a few words. */
export function useUnsavedWords(unsaved: readonly IEnvironment[]): string {
  const { trans } = usePanel();
  return unsaved.length === 1
    ? trans.__('Unsaved changes in %1', unsaved[0].name)
    : trans._n(
        'Unsaved changes in %1 environment',
        'Unsaved changes in %1 environments',
        unsaved.length
      );
}

/** Saves the only one, or all. */
export function SaveButton(props: {
  unsaved: readonly IEnvironment[];
  /** Something else is the first thing to do. */
  second?: boolean;
}): React.ReactElement {
  const { unsaved, second } = props;
  const { trans } = usePanel();
  const run = useRun();
  return (
    <button
      type="button"
      className={second ? 'ma-Button ma-link' : 'ma-Button ma-primary'}
      onClick={() =>
        unsaved.length === 1
          ? run(CommandIDs.saveVersion, { name: unsaved[0].name })
          : run(CommandIDs.saveAll)
      }
    >
      {unsaved.length === 1 ? trans.__('Save…') : trans.__('Save all…')}
    </button>
  );
}
