import { TextDecoder, TextEncoder } from 'util';
// What JupyterLab's modules touch while they load and jsdom does not have.
class DragEventStub extends Event {}

Object.assign(globalThis, {
  fetch: () => Promise.reject(new Error('Tests have no network.')),
  Headers: Map,
  Request: class {},
  DragEvent: DragEventStub,
  ResizeObserver: class {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
});
Object.defineProperty(window, 'matchMedia', {
  value: () => ({ matches: false, addListener: () => undefined })
});
Object.defineProperty(navigator, 'clipboard', {
  value: {},
  configurable: true
});
Element.prototype.scrollTo = () => undefined;

export {};

// jsdom has none; every browser does.
Object.assign(globalThis, { TextDecoder, TextEncoder });

// jsdom has none, and JupyterLab draws a dialog's body when the browser is idle.
globalThis.requestIdleCallback ??= draw =>
  setTimeout(() => draw({ didTimeout: false, timeRemaining: () => 0 }), 0);
