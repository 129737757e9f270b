import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

import { IEnvironment } from '../api/types';
import { CommandIDs } from '../commands';
import { hasNewer, isSealed } from '../sealed/state';

export type Entry = [command: string, args?: ReadonlyJSONObject] | null;

/**
 * Open a menu of commands.
 *
 * @param entries - commands with their arguments; null is a separator.
 * @param back - gets the focus when the menu closes.
 */
export function openMenu(
  commands: CommandRegistry,
  entries: readonly Entry[],
  x: number,
  y: number,
  back?: HTMLElement | null
): void {
  const menu = new Menu({ commands });
  for (const entry of entries) {
    if (entry) {
      menu.addItem({ command: entry[0], args: entry[1] ?? {} });
    } else {
      menu.addItem({ type: 'separator' });
    }
  }
  menu.aboutToClose.connect(() => {
    back?.focus();
    // The chosen command runs after the menu has closed.
    window.setTimeout(() => menu.dispose(), 0);
  });
  menu.open(x, y);
}

/** Everything that can be done with one environment. */
export function environmentMenu(environment: IEnvironment): Entry[] {
  const about = { name: environment.name };
  if (environment.where !== 'disk') {
    const there = { name: environment.prefix };
    return [
      [CommandIDs.keepEnvironment, there],
      [CommandIDs.cloneEnvironment, { source: environment.prefix }],
      null,
      [CommandIDs.showPackages, there],
      [CommandIDs.exportEnvironment, there]
    ];
  }
  const hasKernel = environment.kernel !== 'none';
  return [
    ...(hasKernel
      ? ([
          [CommandIDs.openNotebook, about],
          [CommandIDs.openConsole, about],
          null
        ] as Entry[])
      : []),
    [CommandIDs.cloneEnvironment, { source: environment.name }],
    [CommandIDs.packEnvironment, about],
    [CommandIDs.renameEnvironment, about],
    null,
    ...sealedMenu(environment),
    null,
    [CommandIDs.installPackages, about],
    [CommandIDs.showPackages, about],
    [CommandIDs.exportEnvironment, about],
    [CommandIDs.checkEnvironment, about],
    [CommandIDs.showDetails, about],
    hasKernel && environment.kernel === 'ready'
      ? [CommandIDs.unregisterKernel, about]
      : [CommandIDs.registerKernel, about],
    null,
    [CommandIDs.removeEnvironment, about]
  ];
}

/** Versions: to make them, to look at them, to go back. */
function sealedMenu(environment: IEnvironment): Entry[] {
  const about = { name: environment.name };
  const history: Entry[] = environment.versions
    ? [[CommandIDs.showVersions, about]]
    : [];
  if (!isSealed(environment)) {
    return [
      [CommandIDs.sealEnvironment, about],
      ...history,
      [CommandIDs.undoChange, about]
    ];
  }
  const entries: Entry[] = [];
  if (environment.unsaved) {
    entries.push([CommandIDs.saveVersion, about]);
  }
  if (hasNewer(environment)) {
    entries.push([CommandIDs.chooseNewest, about]);
  }
  if (!environment.filled) {
    entries.push([CommandIDs.fillEnvironment, about]);
  }
  return [
    ...entries,
    ...history,
    [CommandIDs.undoChange, about],
    [CommandIDs.openAgain, about]
  ];
}
