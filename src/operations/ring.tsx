import { ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { CommandIDs } from '../commands';
import {
  IPanel,
  PanelProvider,
  usePanel,
  useRun,
  useSignal
} from '../panel/context';
import { useUnsaved, useUnsavedWords } from '../panel/unsaved';
import { operationTitle } from '../words';
import { percentOf } from './model';

/** The ring's circumference for a radius of 6. */
const ROUND = 2 * Math.PI * 6;

/** Nothing at rest; a ring while working; a dot when something would be lost. */
function RingView(): React.ReactElement | null {
  const { operations, inventory, trans } = usePanel();
  const run = useRun();
  const running = useSignal(operations.changed, () => operations.running);
  const status = useSignal(inventory.changed, () => inventory.view.status);
  const unsaved = useUnsaved();
  const unsavedWords = useUnsavedWords(unsaved);
  const show = () => run(CommandIDs.openPanel);

  if (running.length > 0) {
    const [first] = running;
    const percent = percentOf(first);
    const title = running
      .map(operation => operationTitle(operation, trans))
      .join('\n');
    return (
      <button
        type="button"
        className="ma-StatusItem"
        title={title}
        aria-label={title}
        onClick={show}
      >
        <svg
          viewBox="0 0 16 16"
          className={percent === null ? 'ma-Ring ma-mod-unknown' : 'ma-Ring'}
          aria-hidden="true"
        >
          <circle cx="8" cy="8" r="6" className="ma-Ring-whole" />
          <circle
            cx="8"
            cy="8"
            r="6"
            className="ma-Ring-part"
            strokeDasharray={ROUND}
            strokeDashoffset={ROUND * (1 - (percent ?? 25) / 100)}
          />
        </svg>
        <span className="ma-number">
          {percent !== null && trans.__('%1 %', percent)}
          {running.length > 1 && ` · ${running.length}`}
        </span>
      </button>
    );
  }
  const lost = status?.lost.length ?? 0;
  const unsafe =
    status && !status.disk.error && status.disk.exists && !status.disk.survives;
  if (!lost && !unsafe && !unsaved.length) {
    return null;
  }
  const title = unsafe
    ? trans.__('Nothing here survives a restart')
    : lost
      ? trans._n(
          '%1 environment would be lost',
          '%1 environments would be lost',
          lost
        )
      : unsavedWords;
  return (
    <button
      type="button"
      className="ma-StatusItem"
      title={title}
      aria-label={title}
      onClick={show}
    >
      <span className="ma-Dot" data-dot="attention" aria-hidden="true" />
    </button>
  );
}

export class Ring extends ReactWidget {
  constructor(private readonly _panel: IPanel) {
    super();
    this.addClass('ma-StatusHost');
  }

  protected render(): React.ReactElement {
    return (
      <PanelProvider value={this._panel}>
        <RingView />
      </PanelProvider>
    );
  }
}
