import { ITerminal } from '@jupyterlab/terminal';
import { ITranslator } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { IShellArgs } from '../commands';
import { chooseJob } from '../dialogs/jobs/choose';
import { RUNNING } from '../jobs/words';
import { IModelArtsNb } from '../tokens';
import { ShellConnection } from './connection';
import { ShellWidget } from './widget';

/** States of a session that no longer is. */
const DEAD = ['ended', 'failed', 'broken'];

/** Makes terminals in the tasks of jobs: one for a task, each with its own session. */
export class ShellManager {
  constructor(
    private readonly _nb: IModelArtsNb,
    private readonly _translator: ITranslator
  ) {}

  /** JupyterLab's terminal settings, for new ones. */
  options: Partial<ITerminal.IOptions> = {};

  /** A terminal was made. */
  get made(): ISignal<this, ShellWidget> {
    return this._made;
  }

  /** All terminals, dead ones too, until their tabs are closed. */
  get widgets(): readonly ShellWidget[] {
    return this._widgets;
  }

  /**
   * The terminals that were asked for, those that are there already included.
   *
   * @returns none when the user chose no job.
   * @throws ApiError where there is no such job, or none that runs.
   */
  async open(args: IShellArgs): Promise<ShellWidget[]> {
    const { trans } = this._nb;
    if (args.shell && args.job) {
      // The page was loaded anew; the job may be gone, and is not asked for.
      const { job, task, transport } = args;
      return [this._make({ job, task, transport }, '', args.shell)];
    }
    const job = await chooseJob(
      this._nb,
      args.job,
      item => item.phase === RUNNING,
      trans.__('No training job runs, and a shell needs one.')
    );
    if (!job) {
      return [];
    }
    const names = job.tasks.map(task => task.name);
    const wanted = args.allTasks ? names : [args.task ?? names[0]];
    const { transport } = args;
    return wanted.map(task => {
      const known = this._widgets.find(
        widget => task !== undefined && widget.isOf(job.id, task)
      );
      if (known && DEAD.includes(known.connection.state.kind)) {
        // Who asks for a shell wants one that lives.
        void known.connection.reconnect();
      }
      return known ?? this._make({ job: job.id, task, transport }, job.name);
    });
  }

  private _make(
    where: ShellConnection['where'],
    jobName: string,
    shell?: string
  ): ShellWidget {
    const { jobs, trans } = this._nb;
    const connection = new ShellConnection(jobs.client, where, shell);
    const widget = new ShellWidget({
      connection,
      jobName: jobName || this._nameOf(where.job),
      options: this.options,
      translator: this._translator,
      trans
    });
    this._widgets.push(widget);
    widget.disposed.connect(() => {
      this._widgets.splice(this._widgets.indexOf(widget), 1);
    });
    this._made.emit(widget);
    return widget;
  }

  private _nameOf(job: string): string {
    const known = this._nb.jobs.list?.find(item => item.id === job);
    return known?.name ?? job.slice(0, 8);
  }

  private readonly _made = new Signal<this, ShellWidget>(this);
  private readonly _widgets: ShellWidget[] = [];
}
