import { defineConfig } from 'vite';

// The built map is served by covermap itself, from inside the package.
// While developing, `npm run dev` passes the API on to a running `covermap serve`.
const service = 'http://127.0.0.1:8000';

export default defineConfig({
  base: './',
  build: {
    outDir: '../src/covermap/service/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1400,
    license: { fileName: 'licenses.txt' },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': service, '/tiles': service } },
});
