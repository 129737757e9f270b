import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import React from 'react';

import { ApiError, asApiError } from '../api/request';
import { IOperation } from '../api/types';
import { errorTitle } from '../serverWords';
import { IModelArtsNb } from '../tokens';
import { BodyDialog } from './dialog';
import { ErrorBox } from './error';
import { Preview } from './preview';

/** What a form's fields get to draw themselves and to report changes. */
export interface IFields<V> {
  value: V;
  /** `quiet`: it was not the user who changed it, so nothing is complained of. */
  set: (change: Partial<V>, quiet?: boolean) => void;
}

/** What a form's own fields can do besides: be a button like that of the dialog. */
export interface IFormFields<V> extends IFields<V> {
  submit: () => void;
}

export interface IForm<V> {
  title: string;
  /** The word on the primary button. */
  accept: string;
  /** The word on the other button, where "Cancel" would not be true. */
  dismiss?: string;
  trans: TranslationBundle;
  initial: V;
  fields: (props: IFormFields<V>) => React.ReactElement;
  /** Why this value cannot be submitted (may be empty); null when it can. */
  problem: (value: V) => string | null;
  submit: (value: V) => Promise<unknown>;
  danger?: boolean;
  preview?: IFormPreview<V>;
}

/** A second button that shows what the first would do. */
export interface IFormPreview<V> {
  nb: IModelArtsNb;
  /** Start the operation that only looks. */
  start: (value: V) => Promise<IOperation>;
  /** Begin without being asked. */
  atOnce?: boolean;
}

class FormBody<V> extends ReactWidget {
  constructor(readonly form: IForm<V>) {
    super();
    this.addClass('ma-Form');
    this.value = form.initial;
    this._previewed = form.preview?.atOnce ? 1 : 0;
  }

  value: V;

  /** Called when the value changes. */
  onChange: () => void = () => undefined;

  /** Called when a button among the fields does what the dialog's does. */
  onSubmit: () => void = () => undefined;

  /** Called when the preview was stopped. */
  onStop: () => void = () => undefined;

  get problem(): string | null {
    return this.form.problem(this.value);
  }

  /** Say what is wrong from now on; a fresh form does not nag. */
  insist(): void {
    this._insisting = true;
    this.update();
  }

  /** Look what would be done, from the start. */
  preview(): void {
    this._previewed = Math.abs(this._previewed) + 1;
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
          set={(change, quiet) => {
            this.value = { ...this.value, ...change };
            // What was seen is no longer what would be done.
            this._hidePreview();
            this._insisting ||= !quiet;
            this.update();
            this.onChange();
          }}
          submit={() => this.onSubmit()}
        />
        <p className="ma-Form-problem" role="status">
          {this._insisting && this.problem}
        </p>
        {this._error && <ErrorBox error={this._error} trans={form.trans} />}
        {form.preview && this._previewed > 0 && (
          <Preview
            key={this._previewed}
            nb={form.preview.nb}
            start={() => form.preview!.start(this.value)}
            onCancel={() => {
              this._hidePreview();
              this.update();
              this.onStop();
            }}
          />
        )}
      </>
    );
  }

  private _hidePreview(): void {
    this._previewed = -Math.abs(this._previewed);
  }

  /** The number of the preview that is shown; none while it is not positive. */
  private _previewed: number;
  private _error: ApiError | null = null;
  private _insisting = false;
}

const PREVIEW = 'ma-mod-preview';

/** A dialog that stays, input and all, until the server has accepted it. */
class FormDialog<V> extends BodyDialog<void> {
  constructor(form: IForm<V>) {
    const body = new FormBody(form);
    const accept = form.danger
      ? Dialog.warnButton({ label: form.accept })
      : Dialog.okButton({ label: form.accept });
    const buttons = [
      Dialog.cancelButton({
        label: form.dismiss ?? form.trans.__('Cancel')
      }),
      ...(form.preview
        ? [
            Dialog.createButton({
              label: form.trans.__('Preview'),
              className: PREVIEW
            })
          ]
        : []),
      accept
    ];
    const last = buttons.length - 1;
    super({
      title: form.title,
      body: body as unknown as Dialog.IBodyWidget<void>,
      buttons,
      // A disabled button cannot have the focus, and without it Escape is not heard.
      defaultButton: body.problem === null ? last : 0,
      focusNodeSelector: '[data-first]'
    });
    this.addClass('ma-Dialog');
    this._form = form;
    this._formBody = body;
    this._accept = last;
    body.onChange = () => this._enable();
    body.onSubmit = () => this.resolve(this._accept);
    body.onStop = () =>
      this.node.querySelector<HTMLElement>(`.${PREVIEW}`)?.focus();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._enable();
  }

  override handleEvent(event: Event): void {
    super.handleEvent(event);
    if (event.type === 'input') {
      // JupyterLab enables its button by what the browser alone finds valid.
      this._enable();
    }
  }

  protected override enter(): void {
    this.resolve(this._accept);
  }

  override resolve(index = this._accept): void {
    // Cancel is the first button.
    if (index === 0) {
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
    if (index !== this._accept) {
      body.preview();
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
    const buttons = [
      ...this.node.querySelectorAll<HTMLButtonElement>(
        '.jp-Dialog-footer .jp-Dialog-button'
      )
    ];
    const [cancel, ...others] = buttons;
    const focused = document.activeElement as HTMLButtonElement;
    for (const button of others) {
      button.disabled = this._busy || this._formBody.problem !== null;
    }
    if (focused?.disabled && others.includes(focused)) {
      this._pressed = focused;
      cancel.focus();
    } else if (focused === cancel && this._pressed?.disabled === false) {
      // It did not work out: Enter shall try again, not leave.
      this._pressed.focus();
    }
    if (!this._pressed?.disabled) {
      this._pressed = null;
    }
  }

  private readonly _form: IForm<V>;
  private readonly _formBody: FormBody<V>;
  private readonly _accept: number;
  /** The button that had the focus until it was disabled. */
  private _pressed: HTMLButtonElement | null = null;
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
  const dialog = new BodyDialog({
    title,
    body: widget as unknown as Dialog.IBodyWidget<void>,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
  dialog.addClass('ma-Dialog');
  await dialog.launch();
}

/** Say what went wrong, and what to do about it. */
export async function showError(
  error: ApiError,
  trans: TranslationBundle
): Promise<void> {
  await show(
    errorTitle(error, trans),
    <ErrorBox error={error} trans={trans} untitled />,
    trans
  );
}
