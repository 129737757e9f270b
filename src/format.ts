import { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Numbers, sizes and times as a person reads them, in the user's language. */
export class Format {
  readonly locale: string;

  /**
   * @param trans - our translations.
   * @param languageCode - JupyterLab's, as in `zh_CN`.
   */
  constructor(
    readonly trans: TranslationBundle,
    languageCode = 'en'
  ) {
    const tag = languageCode.replace('_', '-');
    try {
      this.locale = Intl.getCanonicalLocales(tag)[0] ?? 'en';
    } catch {
      // Lab may say "default", which is no language tag.
      this.locale = 'en';
    }
    this._count = new Intl.NumberFormat(this.locale);
    this._short = new Intl.NumberFormat(this.locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1
    });
  }

  /** `24,310` */
  count(value: number): string {
    return this._count.format(value);
  }

  /** `3.4 GB`: decimal units, one digit below ten of them. */
  bytes(value: number): string {
    let unit = 0;
    let size = value;
    while (size >= 999.5 && unit < UNITS.length - 1) {
      size /= 1000;
      unit += 1;
    }
    const text =
      unit > 0 && size < 99.95
        ? this._short.format(size)
        : this._count.format(Math.round(size));
    return `${text} ${UNITS[unit]}`;
  }

  /** `118 MB/s` */
  rate(bytesPerSecond: number): string {
    return this.trans.__('%1/s', this.bytes(bytesPerSecond));
  }

  files(value: number): string {
    return this.trans._n('%2 file', '%2 files', value, this.count(value));
  }

  /** `0.9 ms`, `14 ms` */
  latency(ms: number): string {
    return this.trans.__(
      '%1 ms',
      ms < 10 ? this._short.format(ms) : this.count(Math.round(ms))
    );
  }

  /** `14 s`, `2 min`, `1 h 5 min`: what a person needs, not more. */
  duration(seconds: number): string {
    const { trans } = this;
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 90) {
      return trans.__('%1 s', this.count(whole));
    }
    const minutes = Math.round(whole / MINUTE);
    if (minutes < 90) {
      return trans.__('%1 min', this.count(minutes));
    }
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    return rest
      ? trans.__('%1 h %2 min', this.count(hours), this.count(rest))
      : trans.__('%1 h', this.count(hours));
  }

  /** `14 s left` */
  left(seconds: number): string {
    return this.trans.__('%1 left', this.duration(seconds));
  }

  /** What is left, for a line that counts down: `23 h 41 min`, in the last hour `14:05`. */
  countdown(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    if (whole >= HOUR) {
      return this.duration(whole);
    }
    const rest = String(whole % MINUTE).padStart(2, '0');
    return `${Math.floor(whole / MINUTE)}:${rest}`;
  }

  /** `3 days ago`, `yesterday`, `in 4 days` */
  relative(iso: string, now = Date.now()): string {
    const seconds = (Date.parse(iso) - now) / 1000;
    if (Number.isNaN(seconds)) {
      return iso;
    }
    const size = Math.abs(seconds);
    if (size < 45) {
      return this.trans.__('just now');
    }
    const format = new Intl.RelativeTimeFormat(this.locale, {
      numeric: 'auto'
    });
    if (size < HOUR) {
      return format.format(Math.round(seconds / MINUTE), 'minute');
    }
    if (size < DAY) {
      return format.format(Math.round(seconds / HOUR), 'hour');
    }
    return format.format(Math.round(seconds / DAY), 'day');
  }

  /** The exact time, for tooltips. */
  exact(iso: string): string {
    const time = Date.parse(iso);
    return Number.isNaN(time)
      ? iso
      : new Date(time).toLocaleString(this.locale);
  }

  /** `today 09:12`, or the date where it was another day. */
  day(iso: string, now = new Date()): string {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) {
      return iso;
    }
    const clock = time.toLocaleTimeString(this.locale, {
      hour: '2-digit',
      minute: '2-digit',
      hour12: false
    });
    return time.toDateString() === now.toDateString()
      ? this.trans.__('today %1', clock)
      : `${time.toLocaleDateString(this.locale)} ${clock}`;
  }

  private readonly _count: Intl.NumberFormat;
  private readonly _short: Intl.NumberFormat;
}
