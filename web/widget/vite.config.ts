import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Vite wraps dynamic imports to preload style sheets; ours have none to preload. */
const noPreload: Plugin = {
  name: 'no-preload',
  enforce: 'pre',
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : null),
};

// Names are stable (no hashes): pages that embed the widget name them, and the server answers
// with an ETag. Scripts that a page loads with a plain <script> tag must be one classic file
// each, so they are built on their own, and so is the page of a chat link, of which few visitors
// see the other chat; the chat and its message types are
// ES modules that both load when they are needed.
export default defineConfig(({ mode }) => {
  const entries: Record<string, Record<string, string>> = {
    loader: { parlance: 'src/loader/main.ts' },
    sdk: { sdk: 'src/sdk.ts' },
    modal: { modal: 'src/modal/main.ts' },
    webchat: { webchat: 'src/webchat.ts' },
  };
  const classic = entries[mode];
  return {
    base: '/widget/',
    plugins: [noPreload],
    build: {
      target: 'es2023',
      cssTarget: ['chrome125', 'firefox128', 'safari17.5'],
      emptyOutDir: !classic,
      copyPublicDir: !classic,
      modulePreload: false,
      reportCompressedSize: false,
      rollupOptions: classic
        ? {
            input: classic,
            output: { format: 'iife' as const, entryFileNames: '[name].js' },
          }
        : {
            input: { chat: 'src/chat.ts' },
            preserveEntrySignatures: 'allow-extension' as const,
            output: {
              entryFileNames: '[name].js',
              chunkFileNames: 'chunks/[name].js',
            },
          },
    },
    test: { testTimeout: 30_000, hookTimeout: 60_000, fileParallelism: false },
  };
});
