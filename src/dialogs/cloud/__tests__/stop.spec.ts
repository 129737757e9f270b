import { nullTranslator } from '@jupyterlab/translation';

import { hookStatus } from '../../../__tests__/cloud';
import { operation, status } from '../../../__tests__/server';
import { IStatus } from '../../../api/types';
import { IModelArtsNb } from '../../../tokens';
import { whatIsLost } from '../stop';

function lost(
  change: Partial<IStatus> = {},
  registered: boolean | null = true,
  running: number = 0,
  kernels = 0
): string {
  const trans = nullTranslator.load('modelarts_nb');
  const registration = {
    instance: 'i',
    registered,
    current: registered,
    others: []
  };
  const nb = {
    trans,
    inventory: { view: { status: status(change) } },
    operations: { running: Array(running).fill(operation()) },
    cloud: { view: { hook: hookStatus({ registration }) } }
  } as unknown as IModelArtsNb;
  return whatIsLost(nb, kernels).join('\n');
}

describe('a stop of this very notebook', () => {
  it('names the environments that are not kept', () => {
    expect(lost({ lost: ['PyTorch-1.8'] })).toContain('PyTorch-1.8');
    expect(lost()).not.toContain('not kept yet');
  });

  it('counts kernels and operations', () => {
    const text = lost({}, true, 2, 1);
    expect(text).toContain('1 kernel ends.');
    expect(text).toContain('2 operations are cut off.');
  });

  it('says when nothing will come back by itself', () => {
    expect(lost({}, false)).toContain('do not come back by themselves');
    expect(lost({}, true)).not.toContain('do not come back');
  });

  it('believes the disk where the cloud does not say', () => {
    const hook = { installed: true, version: '1' };
    expect(lost({ hook }, null)).not.toContain('do not come back');
  });
});
