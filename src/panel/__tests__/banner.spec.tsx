import { cleanup, screen, within } from '@testing-library/react';

import { hookStatus } from '../../__tests__/cloud';
import { environment, status } from '../../__tests__/server';
import { IRestored, IStatus } from '../../api/types';
import { CommandIDs } from '../../commands';
import { IMAGE, open } from './open';
import { CLOUD } from './openCloud';

afterEach(cleanup);

const RAN = '2026-11-22T09:12:00Z';
const { disk } = status();

/** The banner's own words, and what it offers. */
async function banner(
  change: Partial<IStatus>,
  cloud?: { [path: string]: unknown }
) {
  const opened = await open({
    cloud,
    status: status(change),
    environments: change.lost?.length ? [IMAGE] : []
  });
  const [node] = screen
    .getAllByRole('status')
    .filter(element => element.classList.contains('ma-Banner'));
  return { ...opened, node, inside: within(node) };
}

function restore(...lines: IRestored[]): Partial<IStatus> {
  const ok = lines.every(line => line.state !== 'failed');
  return { restore: { ran: RAN, ok, lines } };
}

describe('the banner', () => {
  it('says restart-safe where nothing would be lost and the hook ran', async () => {
    const { node, inside } = await banner(
      restore({ what: 'kernels', state: 'restored', detail: '' })
    );
    expect(inside.getByText('Restart-safe')).toBeTruthy();
    expect(inside.getByText(/^hook ran/)).toBeTruthy();
    expect(node.className).toContain('ma-good');
  });

  it('says when an installed hook has not run yet', async () => {
    const { inside } = await banner({ restore: null });
    expect(inside.getByText('Restart-safe')).toBeTruthy();
    expect(inside.getByText(/runs at the next start/)).toBeTruthy();
  });

  it('has the hook at hand to be pasted where nobody says that it is registered', async () => {
    const { inside, ran, user } = await banner({ restore: null });
    await user.click(inside.getByRole('button', { name: 'What to paste…' }));
    expect(ran).toEqual([[CommandIDs.showHookCommand, {}]]);
  });

  it.each([
    [true, 'Restart-safe'],
    [false, 'Environments survive a restart, kernels do not yet']
  ])(
    'believes the cloud that the hook is registered: %s',
    async (it, words) => {
      const registration = {
        instance: 'i',
        registered: it,
        current: it,
        others: []
      };
      const { inside } = await banner(
        { restore: null },
        { ...CLOUD, 'hook?registration=true': hookStatus({ registration }) }
      );
      expect(inside.getByText(words)).toBeTruthy();
      expect(
        inside.queryByRole('button', { name: 'What to paste…' })
      ).toBeNull();
    }
  );

  it('does not promise kernels where the hook is not installed', async () => {
    const { inside, ran, user } = await banner({
      hook: { installed: false, version: null }
    });
    expect(inside.queryByText('Restart-safe')).toBeNull();
    await user.click(inside.getByRole('button', { name: 'Install the hook' }));
    expect(ran).toEqual([[CommandIDs.installHook, {}]]);
  });

  it('says that a restore by hand is not the hook', async () => {
    const { inside } = await banner({
      hook: { installed: false, version: null },
      ...restore({ what: 'kernels', state: 'restored', detail: '' })
    });
    expect(inside.getByText(/^restored/)).toBeTruthy();
    expect(inside.queryByText(/^hook ran/)).toBeNull();
  });

  it('says what did not come back, and tries again by one click', async () => {
    const { inside, node, ran, user } = await banner(
      restore(
        { what: 'kernels', state: 'restored', detail: '' },
        { what: 'panel', state: 'failed', detail: 'OSError: no space' }
      )
    );
    expect(inside.getByText('Not everything came back')).toBeTruthy();
    expect(node.textContent).toContain('panel: OSError: no space');
    expect(node.textContent).not.toContain('kernels');
    await user.click(inside.getByRole('button', { name: 'Restore again' }));
    expect(ran).toEqual([[CommandIDs.restoreNow, {}]]);
  });

  it('says that a changed file was refused, never that it is safe', async () => {
    const { inside, node } = await banner(
      restore({
        what: 'hook',
        state: 'failed',
        detail: 'refused: restore.py is not the file that was registered'
      })
    );
    expect(inside.getByText('The hook refused to run')).toBeTruthy();
    expect(node.className).toContain('ma-bad');
    expect(node.textContent).toContain('restore.py is not the file');
  });

  it('counts what would be lost and keeps it by one click', async () => {
    const { inside, ran, user } = await banner({ lost: ['PyTorch-1.8'] });
    expect(inside.getByText('1 environment would be lost')).toBeTruthy();
    await user.click(inside.getByRole('button', { name: 'Keep it' }));
    expect(ran).toEqual([[CommandIDs.keepAll, {}]]);
  });

  it('says of what would be lost also that the restore failed', async () => {
    const { inside } = await banner({
      lost: ['PyTorch-1.8'],
      ...restore({ what: 'ma', state: 'failed', detail: 'x' })
    });
    expect(inside.getByText('1 environment would be lost')).toBeTruthy();
    expect(inside.getByRole('button', { name: 'Restore again' })).toBeTruthy();
  });

  it('never calls a folder of the container safe', async () => {
    const { inside } = await banner({
      disk: { ...disk, survives: false, kind: 'container' }
    });
    expect(inside.queryByText('Restart-safe')).toBeNull();
    expect(inside.getByText('Nothing here survives a restart')).toBeTruthy();
    expect(inside.getByText(/container’s own layer/)).toBeTruthy();
  });

  it('says that the disk is missing and what to set', async () => {
    const { inside } = await banner({
      disk: {
        ...disk,
        exists: false,
        error: { code: 'disk_missing', message: '/x is not there.' }
      }
    });
    expect(inside.getByText('The persistent disk is not there.')).toBeTruthy();
    expect(inside.getByText(/MODELARTS_NB_DISK/)).toBeTruthy();
  });

  it('says that a disk which hangs does not answer', async () => {
    const { inside } = await banner({
      disk: {
        ...disk,
        error: {
          code: 'disk_timeout',
          message: 'No answer for 5 s.',
          hint: 'Wait for the storage.'
        }
      }
    });
    expect(inside.getByText('The disk does not answer.')).toBeTruthy();
    expect(inside.getByText('Wait for the storage.')).toBeTruthy();
  });

  it('is restart-safe with environments of the image that were kept', async () => {
    await open({ environments: [environment({ name: 'mine' }), IMAGE] });
    expect(screen.getByText('Restart-safe')).toBeTruthy();
  });
});
