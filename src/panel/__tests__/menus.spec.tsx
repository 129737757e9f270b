import { act, cleanup, fireEvent, screen } from '@testing-library/react';

import { environment } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { open } from './open';

const MINE = environment({ name: 'mine' });

const row = (name: RegExp) => screen.getByRole('listitem', { name });

const entries = () =>
  [...document.querySelectorAll('.lm-Menu-itemLabel')]
    .map(label => label.textContent)
    .filter(Boolean);

async function press(element: HTMLElement, key: string, shiftKey = false) {
  act(() => element.focus());
  fireEvent.keyDown(element, { key, shiftKey });
}

/** Escape, as the open menu hears it. */
async function leave() {
  for (const menu of document.querySelectorAll('.lm-Menu')) {
    fireEvent.keyDown(menu, { key: 'Escape', keyCode: 27 });
  }
  // The menu is taken away after what was chosen has run.
  await act(() => new Promise(resolve => window.setTimeout(resolve, 0)));
}

afterEach(async () => {
  await leave();
  cleanup();
});

describe('the menu of a row', () => {
  it.each([
    ['a right click', () => fireEvent.contextMenu(row(/^mine/))],
    ['the menu key', () => press(row(/^mine/), 'ContextMenu')],
    ['Shift+F10', () => press(row(/^mine/), 'F10', true)],
    [
      'its button',
      () => fireEvent.click(screen.getByLabelText('More for mine'))
    ]
  ])('opens by %s', async (_, ask) => {
    await open({ environments: [MINE] });
    await ask();
    expect(entries()).toContain(CommandIDs.removeEnvironment);
  });

  it('gives the focus back to the row, however it was opened', async () => {
    await open({ environments: [MINE] });
    fireEvent.click(screen.getByLabelText('More for mine'));
    await leave();
    expect(document.activeElement).toBe(row(/^mine/));
  });
});

describe('the menu of a section', () => {
  it('gives the focus back to its button', async () => {
    await open({ environments: [MINE] });
    const button = screen.getByLabelText('More');
    fireEvent.click(button);
    expect(entries()).toContain(CommandIDs.emptyBin);
    await leave();
    expect(document.activeElement).toBe(button);
  });
});

describe('a row with nothing to choose from', () => {
  it('leaves the browser its own menu', async () => {
    const { user } = await open({
      removed: [
        {
          name: 'old',
          entry: 'e1',
          removed: '2026-07-01T10:00:00Z',
          purged_after: '2026-07-08T10:00:00Z',
          size: 1
        }
      ]
    });
    await user.click(screen.getByRole('button', { name: /^Bin/ }));
    expect(fireEvent.contextMenu(row(/^old/))).toBe(true);
    expect(entries()).toEqual([]);
  });
});
