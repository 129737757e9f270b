import { act, cleanup, fireEvent, screen } from '@testing-library/react';

import { environment, operation, sealed } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { open } from './open';

const row = (name: RegExp) => screen.getByRole('listitem', { name });

/** The commands of a row's menu. */
async function menuOf(name: RegExp): Promise<(string | null)[]> {
  fireEvent.contextMenu(row(name));
  const labels = [...document.querySelectorAll('.lm-Menu-itemLabel')];
  const found = labels.map(label => label.textContent);
  for (const menu of document.querySelectorAll('.lm-Menu')) {
    fireEvent.keyDown(menu, { key: 'Escape', keyCode: 27 });
  }
  // The menu is taken away a moment after it was closed.
  await act(() => new Promise(resolve => window.setTimeout(resolve, 0)));
  return found;
}

afterEach(cleanup);

describe('the row of a sealed environment', () => {
  it('says what it is, to those who listen too', async () => {
    await open({ environments: [sealed({ name: 'mine' })] });
    expect(row(/^mine/).getAttribute('aria-label')).toBe(
      'mine, Python 3.10.13, 1.1 GB, sealed v2, kernel ready'
    );
    expect(screen.getByText('sealed v2')).toBeTruthy();
  });

  it('saves unsaved work by one click', async () => {
    const { ran, user } = await open({
      environments: [sealed({ name: 'mine', unsaved: true })]
    });
    expect(row(/unsaved changes/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(ran).toEqual([[CommandIDs.saveVersion, { name: 'mine' }]]);
  });

  it('offers a newer version that was made elsewhere', async () => {
    const { ran, user } = await open({
      environments: [sealed({ name: 'mine', newest: 3 })]
    });
    await user.click(screen.getByRole('button', { name: 'Use v3' }));
    expect(ran).toEqual([[CommandIDs.chooseNewest, { name: 'mine' }]]);
  });

  it('leads to its other versions where one cannot be read', async () => {
    const { ran, user } = await open({
      environments: [
        sealed({
          name: 'mine',
          trouble: [
            {
              check: 'version',
              level: 'error',
              message: '2.json is damaged.',
              fix: '`ma env versions mine` shows the others.',
              files: []
            }
          ]
        })
      ]
    });
    expect(screen.queryByRole('button', { name: 'Fix' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Versions…' }));
    expect(ran).toEqual([[CommandIDs.showVersions, { name: 'mine' }]]);
  });

  it('says how far the copy to the local disk is', async () => {
    await open({
      environments: [
        sealed({ name: 'mine', filled: false, working: 'env fill' }),
        sealed({ name: 'other' })
      ],
      operations: [operation({ verb: 'env.fill', params: { name: 'mine' } })]
    });
    expect(row(/^mine/).textContent).toContain(
      'coming to the local disk: 62 %'
    );
    expect(row(/^other/).textContent).not.toContain('coming');
  });

  it('keeps the tab stop when its local copy is another one', async () => {
    const { server, inventory } = await open({
      environments: [sealed({ name: 'a' }), sealed({ name: 'b' })]
    });
    act(() => row(/^b/).focus());
    server.answers['GET environments'] = {
      body: {
        environments: [
          sealed({ name: 'a' }),
          sealed({ name: 'b', prefix: '/home/me/.ma/run/b~3' })
        ]
      }
    };
    await act(() => inventory.refresh());
    expect(document.activeElement).toBe(row(/^b/));
    expect(row(/^b/).tabIndex).toBe(0);
  });
});

describe('the menu', () => {
  it.each([
    ['an open one', environment({ name: 'mine' }), ['seal', 'undo']],
    [
      'an open one with a history',
      environment({ name: 'mine', newest: 2, versions: 2 }),
      ['seal', 'versions', 'undo']
    ],
    ['a sealed one', sealed({ name: 'mine' }), ['versions', 'undo', 'open']],
    [
      'one with unsaved work',
      sealed({ name: 'mine', unsaved: true }),
      ['save', 'versions', 'undo', 'open']
    ],
    [
      'one that is behind',
      sealed({ name: 'mine', newest: 3, filled: false }),
      ['newest', 'fill', 'versions', 'undo', 'open']
    ]
  ])('of %s', async (_, item, expected) => {
    const words: { [id: string]: string } = {
      [CommandIDs.sealEnvironment]: 'seal',
      [CommandIDs.saveVersion]: 'save',
      [CommandIDs.chooseNewest]: 'newest',
      [CommandIDs.fillEnvironment]: 'fill',
      [CommandIDs.showVersions]: 'versions',
      [CommandIDs.undoChange]: 'undo',
      [CommandIDs.openAgain]: 'open'
    };
    await open({ environments: [item] });
    const found = await menuOf(/^mine/);
    expect(found.map(id => words[id ?? '']).filter(Boolean)).toEqual(expected);
  });
});

describe('the banner', () => {
  it('does not say that all is safe while work is unsaved', async () => {
    const { ran, user } = await open({
      environments: [sealed({ name: 'mine', unsaved: true })]
    });
    expect(screen.queryByText('Restart-safe')).toBeNull();
    expect(screen.getByText('Unsaved changes in mine')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save…' }));
    expect(ran).toEqual([[CommandIDs.saveVersion, { name: 'mine' }]]);
  });

  it('saves all where there are several', async () => {
    const { ran, user } = await open({
      environments: ['a', 'b'].map(name => sealed({ name, unsaved: true }))
    });
    expect(screen.getByText('Unsaved changes in 2 environments')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save all…' }));
    expect(ran).toEqual([[CommandIDs.saveAll, {}]]);
  });
});

describe('the bin', () => {
  it('leads to what else can be freed, once there are images', async () => {
    const { ran, user } = await open({
      environments: [sealed({ name: 'mine' })]
    });
    await user.click(screen.getByRole('button', { name: /^Bin/ }));
    await user.click(screen.getByRole('button', { name: 'Free images…' }));
    expect(ran).toEqual([[CommandIDs.collectImages, {}]]);
  });

  it('does not speak of images to who has none', async () => {
    const { user } = await open({ environments: [environment({ name: 'a' })] });
    await user.click(screen.getByRole('button', { name: /^Bin/ }));
    expect(screen.queryByRole('button', { name: 'Free images…' })).toBeNull();
  });
});
