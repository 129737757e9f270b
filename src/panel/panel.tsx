import { ReactWidget } from '@jupyterlab/apputils';
import { refreshIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';

import { EXTENSION_MISSING } from '../api/request';
import { CommandIDs } from '../commands';
import { panelIcon } from '../icons';
import { Activity } from './activity';
import { Archives } from './archives';
import { Banner } from './banner';
import { Bin } from './bin';
import { CloudSections } from './cloud/sections';
import { IPanel, PanelProvider, usePanel, useRun, useSignal } from './context';
import { Disk } from './disk';
import { Environments } from './environments';
import { Failed } from './failed';
import { IconButton } from './iconButton';
import { Entry } from './menu';
import { MenuButton } from './menuButton';
import { Announcer } from './progress';

type SectionName =
  | 'environments'
  | 'activity'
  | 'archives'
  | 'bin'
  | 'notebook'
  | 'storage'
  | 'ssh'
  | 'jobs';

const OPEN_AT_FIRST: { [key in SectionName]: boolean } = {
  environments: true,
  activity: true,
  archives: false,
  bin: false,
  notebook: true,
  storage: false,
  ssh: false,
  jobs: true
};

/** Everything in the panel, from what the models know. */
export function PanelView(): React.ReactElement {
  const { inventory, operations } = usePanel();
  const { view, error, heard } = useSignal(inventory.changed, () => ({
    view: inventory.view,
    error: inventory.error,
    heard: inventory.heard
  }));
  const work = useSignal(operations.changed, () => operations.list);
  const [open, setOpen] = React.useState(OPEN_AT_FIRST);
  const fold = (name: SectionName) => ({
    open: open[name],
    onToggle: (value: boolean) => setOpen({ ...open, [name]: value })
  });

  return (
    <>
      <Head />
      {error && (
        <Failed errors={[error]} onRetry={() => void inventory.refresh()} />
      )}
      {!(error?.code === EXTENSION_MISSING && !heard) && (
        <>
          {view.status && (
            <>
              <Banner status={view.status} />
              <Disk disk={view.status.disk} />
            </>
          )}
          {view.environments && (
            <Environments
              environments={view.environments}
              {...fold('environments')}
            />
          )}
          {view.environments && (
            <Activity operations={work} {...fold('activity')} />
          )}
          {view.archives && (
            <Archives archives={view.archives} {...fold('archives')} />
          )}
          {view.removed && <Bin removed={view.removed} {...fold('bin')} />}
          <CloudSections fold={fold} />
        </>
      )}
      <Announcer operations={work} />
    </>
  );
}

const MENU: Entry[] = [
  [CommandIDs.createEnvironment],
  [CommandIDs.cloneEnvironment],
  [CommandIDs.unpackArchive],
  [CommandIDs.showSources],
  null,
  [CommandIDs.keepAll],
  [CommandIDs.installHook],
  [CommandIDs.emptyBin],
  [CommandIDs.collectImages]
];

const CLOUD_MENU: Entry[] = [
  null,
  [CommandIDs.keepAlive],
  [CommandIDs.mountStorage],
  [CommandIDs.setupSsh],
  [CommandIDs.openShell]
];

function Head(): React.ReactElement {
  const { trans, cloud } = usePanel();
  const run = useRun();
  return (
    <div className="ma-Head">
      <h1>ModelArts NB</h1>
      <IconButton
        label={trans.__('Refresh')}
        icon={refreshIcon}
        onClick={() => run(CommandIDs.refresh)}
      />
      <MenuButton
        label={trans.__('More')}
        entries={[...MENU, ...(cloud.present ? CLOUD_MENU : [])]}
      />
    </div>
  );
}

/** The side panel. */
export class Panel extends ReactWidget {
  constructor(private readonly _panel: IPanel) {
    super();
    this.id = 'modelarts-nb-panel';
    this.title.icon = panelIcon;
    this.title.caption = 'ModelArts NB';
    this.addClass('ma-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'ModelArts NB');
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._watch(true);
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._watch(false);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._watch(this.isVisible);
  }

  private _watch(seen: boolean): void {
    this._panel.cloud.watched = seen;
    this._panel.jobs.watched = seen;
  }

  protected render(): React.ReactElement {
    return (
      <PanelProvider value={this._panel}>
        <PanelView />
      </PanelProvider>
    );
  }
}
