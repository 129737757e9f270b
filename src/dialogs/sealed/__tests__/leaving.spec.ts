import { screen } from '@testing-library/dom';

import { notebook } from '../../../__tests__/cloud';
import { sealed } from '../../../__tests__/server';
import { IModelArtsNb } from '../../../tokens';
import { confirmStop } from '../../cloud/stop';
import { chooseNewest } from '../newest';
import { leave, press, says, world } from './world';

const UNSAVED = sealed({ name: 'mine', unsaved: true });
const SAVE = ['env.save', { name: 'mine' }];

afterEach(leave);

/** The same, with a cloud that says nothing. */
function inCloud(nb: IModelArtsNb): IModelArtsNb {
  return { ...nb, cloud: { view: { hook: null } } } as unknown as IModelArtsNb;
}

describe('a stop of this notebook', () => {
  it('saves what is unsaved, before', async () => {
    const { nb, started } = await world([UNSAVED]);
    const sure = confirmStop(inCloud(nb), notebook(), true, 0);
    await says(/First save the unsaved changes of mine/);
    await press('Stop');
    expect(await sure).toBe(true);
    expect(started).toEqual([SAVE]);
  });

  it('does not happen when saving failed', async () => {
    const { nb, started } = await world(
      [UNSAVED],
      {},
      {
        'env.save': {
          state: 'failed',
          error: { code: 'disk_full', message: 'No room.' }
        }
      }
    );
    const sure = confirmStop(inCloud(nb), notebook(), true, 0);
    await says(/First save/);
    await press('Stop');
    await says(/The disk is full/);
    await press('Cancel');
    expect(await sure).toBe(false);
    expect(started).toEqual([SAVE]);
  });

  it('loses it only for who says so and was told', async () => {
    const { nb, started, user } = await world([UNSAVED]);
    const sure = confirmStop(inCloud(nb), notebook(), true, 0);
    await says(/First save/);
    await user.click(screen.getByRole('checkbox'));
    await says(/These changes are lost/);
    await press('Stop');
    expect(await sure).toBe(true);
    expect(started).toEqual([]);
  });

  it('says nothing of it where all is saved, or of another notebook', async () => {
    const { nb } = await world([UNSAVED]);
    const sure = confirmStop(inCloud(nb), notebook(), false, 0);
    const shown = await says(/What runs in it ends/);
    expect(shown.textContent).not.toContain('First save');
    await press('Cancel');
    expect(await sure).toBe(false);
  });
});

describe('a newer version', () => {
  const behind = { name: 'mine', newest: 3 };

  it('is used at once where nothing can be lost', async () => {
    const { nb, started } = await world([sealed(behind)]);
    await chooseNewest(nb, sealed(behind));
    expect(started).toEqual([['env.fill', { name: 'mine', number: 3 }]]);
  });

  it('is used after what is unsaved became a version of its own', async () => {
    const item = sealed({ ...behind, unsaved: true });
    const { nb, started } = await world([item]);
    const chosen = chooseNewest(nb, item);
    await says(/Use version 3 of mine\?/);
    await press('Use version 3');
    await chosen;
    expect(started).toEqual([SAVE, ['env.fill', { name: 'mine', number: 3 }]]);
  });
});
