import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import React from 'react';

import { ApiError } from '../api/request';
import { ErrorBox } from '../dialogs/error';
import { Findings } from '../dialogs/findings';
import { chinese } from './chinese';

const english = nullTranslator.load('modelarts_nb');
const FULL = new ApiError(
  {
    code: 'disk_full',
    message: 'No room for numpy.',
    hint: 'Free 3 GB.',
    cause: 'ENOSPC'
  },
  507
);

afterEach(cleanup);

/** What is read without unfolding anything. */
function plain(element: HTMLElement): string {
  const copy = element.cloneNode(true) as HTMLElement;
  copy.querySelectorAll('details:not([open])').forEach(node => node.remove());
  return copy.textContent ?? '';
}

describe('an error of the server', () => {
  it('speaks for itself to who reads English', () => {
    render(<ErrorBox error={FULL} trans={english} />);
    const text = plain(screen.getByRole('alert'));
    expect(text).toContain('No room for numpy.');
    expect(text).toContain('Free 3 GB.');
    expect(text).not.toContain('ENOSPC');
  });

  it('is told by its code to who does not, its own text folded below', () => {
    render(<ErrorBox error={FULL} trans={chinese} />);
    const box = screen.getByRole('alert');
    expect(plain(box)).toMatch(/磁盘已满.*请清空回收站/);
    expect(plain(box)).not.toContain('numpy');
    expect(box.textContent).toContain('No room for numpy.\nFree 3 GB.\nENOSPC');
  });

  it('unfolds where its own text is the thing to know', () => {
    const error = new ApiError(
      { code: 'unsolvable', message: 'nonsense=1 does not exist' },
      409
    );
    render(<ErrorBox error={error} trans={chinese} />);
    expect(plain(screen.getByRole('alert'))).toContain('nonsense=1');
  });
});

describe('a finding of a check', () => {
  it('is told by the name of its check', () => {
    const { container } = render(
      <Findings
        trans={chinese}
        findings={[
          {
            check: 'bytecode',
            level: 'warning',
            message: '12 compiled Python files are stale.',
            fix: 'Compile them again.',
            files: []
          }
        ]}
      />
    );
    expect(plain(container)).toContain('重新编译');
    expect(plain(container)).not.toContain('stale');
    expect(container.textContent).toContain('12 compiled Python files');
  });
});
