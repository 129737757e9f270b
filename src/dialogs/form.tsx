import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import React from 'react';

import { ApiError, asApiError } from '../api/request';
import { ErrorBox } from './error';

/** What a form's fields get to draw themselves and to report changes. */
export interface IFields<V> {
  value: V;
  set: (change: Partial<V>) => void;
}

export interface IForm<V> {
  title: string;
  /** The word on the primary button. */
  accept: string;
  trans: TranslationBundle;
  initial: V;
  fields: (props: IFields<V>) => React.ReactElement;
  /** Why this value cannot be submitted (may be empty); null when it can. */
  problem: (value: V) => string | null;
  submit: (value: V) => Promise<unknown>;
  danger?: boolean;
}

class FormBody<V> extends ReactWidget {
  constructor(readonly form: IForm<V>) {
    super();
    this.addClass('ma-Form');
    this.value = form.initial;
  }

  value: V;

  /** Called when the value changes. */
  onChange: () => void = () => undefined;

  get problem(): string | null {
    return this.form.problem(this.value);
  }

  /** Say what is wrong from now on; a fresh form does not nag. */
  insist(): void {
    this._insisting = true;
    this.update();
  }

  set error(error: ApiError | null) {
    this._error = error;
    this.update();
  }

  protected render(): React.ReactElement {
    const { form } = this;
    return (
      <>
        <form.fields
          value={this.value}
          set={change => {
            this.value = { ...this.value, ...change };
            this.insist();
            this.onChange();
          }}
        />
        <p className="ma-Form-problem" role="status">
          {this._insisting && this.problem}
        </p>
        {this._error && <ErrorBox error={this._error} trans={form.trans} />}
      </>
    );
  }

  private _error: ApiError | null = null;
  private _insisting = false;
}

/** A dialog that stays, input and all, until the server has accepted it. */
class FormDialog<V> extends Dialog<void> {
  constructor(form: IForm<V>) {
    const body = new FormBody(form);
    const accept = form.danger
      ? Dialog.warnButton({ label: form.accept })
      : Dialog.okButton({ label: form.accept });
    super({
      title: form.title,
      body: body as unknown as Dialog.IBodyWidget<void>,
      buttons: [
        Dialog.cancelButton({ label: form.trans.__('Cancel') }),
        accept
      ],
      // A disabled button cannot have the focus, and without it Escape is not heard.
      defaultButton: body.problem === null ? 1 : 0,
      focusNodeSelector: '[data-first]'
    });
    this.addClass('ma-Dialog');
    this._form = form;
    this._formBody = body;
    body.onChange = () => this._enable();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._enable();
  }

  override resolve(index = 1): void {
    if (index !== 1) {
      super.resolve(index);
      return;
    }
    const body = this._formBody;
    if (this._busy) {
      return;
    }
    if (body.problem !== null) {
      body.insist();
      this._enable();
      return;
    }
    this._busy = true;
    body.error = null;
    this._enable();
    this._form
      .submit(body.value)
      .then(() => super.resolve(index))
      .catch(reason => {
        body.error = asApiError(reason);
      })
      .finally(() => {
        this._busy = false;
        this._enable();
      });
  }

  private _enable(): void {
    const button = this.node.querySelector<HTMLButtonElement>(
      '.jp-Dialog-footer .jp-mod-accept'
    );
    if (button) {
      const focused = document.activeElement === button;
      button.disabled = this._busy || this._formBody.problem !== null;
      if (focused && button.disabled) {
        this.node
          .querySelector<HTMLElement>('.jp-Dialog-footer .jp-mod-reject')
          ?.focus();
      }
    }
  }

  private readonly _form: IForm<V>;
  private readonly _formBody: FormBody<V>;
  private _busy = false;
}

/**
 * Ask with a form.
 *
 * @returns whether it was submitted (and accepted by the server).
 */
export async function askForm<V>(form: IForm<V>): Promise<boolean> {
  const result = await new FormDialog(form).launch();
  return result.button.accept;
}

/** Show something to read, with no choice to make. */
export async function show(
  title: string,
  body: React.ReactElement,
  trans: TranslationBundle
): Promise<void> {
  const widget = ReactWidget.create(body);
  widget.addClass('ma-Form');
  const dialog = new Dialog({
    title,
    body: widget as unknown as Dialog.IBodyWidget<void>,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
  dialog.addClass('ma-Dialog');
  await dialog.launch();
}
