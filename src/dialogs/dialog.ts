import { Dialog } from '@jupyterlab/apputils';

/** What can have the focus in a dialog. */
const FOCUSABLE =
  'button, input, select, textarea, summary, a[href], [tabindex="0"]';

/** Enter means something of its own on these, and nothing to the dialog. */
const TAKES_ENTER = 'button, summary, textarea, a[href]';

/**
 * A dialog whose body is more than a field.
 *
 * JupyterLab's takes every Enter for its default button, and leads Tab around
 * the elements that were there when it opened; React draws ours a little later.
 */
export class BodyDialog<T> extends Dialog<T> {
  override handleEvent(event: Event): void {
    if (event.type === 'keydown') {
      const { key, shiftKey } = event as KeyboardEvent;
      const target = event.target as HTMLElement;
      if (key === 'Enter' && target.closest('.jp-Dialog-body')) {
        // Not further: notebook shortcuts listen behind the dialog.
        event.stopImmediatePropagation();
        if (!target.closest(TAKES_ENTER)) {
          event.preventDefault();
          this.enter();
        }
        return;
      }
      if (key === 'Tab') {
        const all = this._focusable();
        const [from, to] = shiftKey
          ? [all[0], all[all.length - 1]]
          : [all[all.length - 1], all[0]];
        if (document.activeElement === from) {
          event.preventDefault();
          to.focus();
        }
        event.stopPropagation();
        return;
      }
    }
    super.handleEvent(event);
  }

  /** Enter was pressed in a field. */
  protected enter(): void {
    this.resolve();
  }

  private _focusable(): HTMLElement[] {
    return [...this.node.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
      element =>
        !element.matches(':disabled, [tabindex="-1"]') &&
        element.getClientRects().length > 0
    );
  }
}
