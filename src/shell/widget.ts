import { MainAreaWidget } from '@jupyterlab/apputils';
import { ITerminal, Terminal } from '@jupyterlab/terminal';
import { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { terminalIcon } from '@jupyterlab/ui-components';

import { IShellArgs } from '../commands';
import { ShellBanner } from './banner';
import { ShellConnection } from './connection';

/** The part of JupyterLab's terminal that tells when something has been drawn. */
interface IDraws {
  _term?: { write(data: string, done: () => void): void };
}

export interface IShellWidgetOptions {
  connection: ShellConnection;
  /** What the job is called. */
  jobName: string;
  options: Partial<ITerminal.IOptions>;
  translator: ITranslator;
  trans: TranslationBundle;
}

/** JupyterLab's terminal on the session of one task. */
export class ShellWidget extends MainAreaWidget<Terminal> {
  constructor(options: IShellWidgetOptions) {
    const { connection, translator, trans } = options;
    super({
      content: new Terminal(
        connection,
        { ...options.options, shutdownOnClose: false, closeOnExit: false },
        translator
      ),
      translator
    });
    this.connection = connection;
    this._trans = trans;
    this.addClass('ma-Shell');
    this.toolbar.hide();
    this.content.node.setAttribute('data-task', connection.name);
    this.contentHeader.addWidget(
      // Who asks for a shell wants to type in it.
      new ShellBanner(connection, trans, () => this.content.activate())
    );
    connection.drawn = done => {
      const terminal = this.content as unknown as IDraws;
      void this.content.ready.then(() => {
        if (terminal._term && !this.isDisposed) {
          // Called when everything before it is on the screen.
          terminal._term.write('', done);
        } else {
          done();
        }
      });
    };
    this.title.icon = terminalIcon;
    this._jobName = options.jobName;
    this._name();
    // The terminal calls itself something else when it is ready.
    this.content.title.changed.connect(() => this._name());
    let opening = false;
    connection.stateChanged.connect((_, { kind }) => {
      if (kind === 'opening') {
        // In its own place, so that nothing moves when it is open.
        connection.say(`\r\n\x1b[2m${trans.__('Opening the shell…')}\x1b[0m`);
        opening = true;
      } else if (opening) {
        connection.say('\r\x1b[2K\x1b[1A');
        opening = false;
      }
      const dead = kind !== 'open' && kind !== 'opening';
      this.toggleClass('ma-mod-dead', dead);
      if (kind === 'open') {
        this._jobName = connection.about?.job_name ?? this._jobName;
        this._name();
      }
    });
  }

  readonly connection: ShellConnection;

  /** The command's arguments that bring it back after the page was loaded anew. */
  get args(): { [key: string]: string } {
    const { where, id } = this.connection;
    const args: IShellArgs = { ...where, shell: id ?? 'ended' };
    return Object.fromEntries(
      Object.entries(args).filter(([, value]) => value)
    );
  }

  /** Whether it is the terminal of this task. */
  isOf(job: string, task: string): boolean {
    const { where } = this.connection;
    return where.job === job && where.task === task;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      // Closing the tab hangs up.
      void this.connection.shutdown();
    }
    super.dispose();
  }

  private _name(): void {
    const { name, where, about } = this.connection;
    const label = `${name} · ${this._jobName}`;
    if (this.content.title.label !== label) {
      this.content.title.label = label;
    }
    this.content.title.icon = terminalIcon;
    this.title.label = label;
    const via = about && this._trans.__('over %1', about.transport);
    this.title.caption = [label, via, where.job].filter(Boolean).join('\n');
  }

  private readonly _trans: TranslationBundle;
  private _jobName = '';
}
