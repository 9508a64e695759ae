/** Puts the page together: asks for the build, makes the state, the map and the parts around it. */

import { Service, type Api } from './api/client';
import type { BuildInfo } from './api/types';
import { allowed, defaultState } from './choices';
import { parseHash } from './hash';
import { preferred, translator } from './i18n';
import { MapView } from './map/mapView';
import { baseStyle, type BaseStyle } from './map/style';
import { connectAddress } from './router';
import { Store, type State } from './state';
import type { Context, Part } from './ui/context';
import { h } from './ui/dom';
import { header, simulatedBanner } from './ui/header';
import { mapLegend } from './ui/mapLegend';
import { credits, mapTools } from './ui/mapTools';
import { detailPanel } from './ui/panel';
import { isNarrow } from './ui/narrow';
import { failure, loading } from './ui/pieces';
import { sheet } from './ui/sheet';
import { Tooltip } from './ui/tooltip';

const NOTICE_MS = 8000;

export async function start(root: HTMLElement): Promise<void> {
  const language = parseHash(location.hash).language ?? preferred(navigator.languages);
  const t = translator(language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  root.replaceChildren(loading(t));
  try {
    const api = await questions();
    const build = await api.build();
    const base = await baseStyle(build);
    open(root, api, build, base);
  } catch (error) {
    root.replaceChildren(failure(t, t('error.build'), error, () => void start(root)));
  }
}

/** Whom to ask: a published map names its files in the page; else there is a service behind it. */
async function questions(): Promise<Api> {
  const published = document.querySelector<HTMLMetaElement>('meta[name="covermap-published"]');
  if (!published) return new Service();
  const { Published } = await import('./api/published');
  return Published.open(published.content);
}

function open(root: HTMLElement, api: Api, build: BuildInfo, base: BaseStyle): void {
  const defaults = defaultState(build, preferred(navigator.languages), !isNarrow());
  const asked = allowed(build, parseHash(location.hash), defaults);
  const store = new Store({ ...defaults, ...asked });
  connectAddress(store, defaults, (change) => allowed(build, change, defaults));

  const page = frame(build);
  root.replaceChildren(page.element);
  const map = makeMap({ api, build, store, base, page });
  let parts = compose(page, { api, build, store, map });
  api.onWhole = () => {
    page.notice(translator(store.state.language)('app.whole'));
  };
  if (base.failed) page.notice(translator(store.state.language)('app.offline'));
  store.subscribe((state, previous) => {
    if (state.language !== previous.language) parts = compose(page, { api, build, store, map });
    else for (const part of parts) part.update(state, previous);
    map?.show(state);
  });
}

interface Frame {
  element: HTMLElement;
  top: HTMLElement;
  side: HTMLElement;
  canvas: HTMLElement;
  over: HTMLElement;
  busy: HTMLElement;
  tooltip: Tooltip;
  notice(text: string): void;
}

/** The page's fixed skeleton; what depends on the language is put into it by `compose`. */
function frame(build: BuildInfo): Frame {
  const [top, side, over] = [h('div'), h('div', { class: 'side' }), h('div', { class: 'over' })];
  const canvas = h('div', { class: 'map', id: 'map' });
  const busy = h('div', { class: 'busy', 'aria-hidden': 'true', hidden: true });
  const tooltip = new Tooltip();
  const notices = h('div', { class: 'notices', role: 'status' });
  const element = h(
    'div',
    { class: 'frame' },
    h('div', {}, build.simulated ? simulatedBanner() : null, top),
    h('div', { class: 'middle' }, side, h('main', { class: 'stage' }, canvas, busy, notices, tooltip.element, over)),
  );
  const notice = (text: string) => {
    notices.replaceChildren(h('p', {}, text));
    window.setTimeout(() => {
      notices.replaceChildren();
    }, NOTICE_MS);
  };
  return { element, top, side, canvas, over, busy, tooltip, notice };
}

interface MapParts {
  api: Api;
  build: BuildInfo;
  store: Store;
  base: BaseStyle;
  page: Frame;
}

/** The map, or null where the browser has no WebGL: lists and figures work without it. */
function makeMap({ api, build, store, base, page }: MapParts): MapView | null {
  const say = (key: 'error.map' | 'error.tiles') => translator(store.state.language)(key);
  try {
    const map = new MapView({
      container: page.canvas,
      api,
      build,
      store,
      base,
      onBusy: (busy) => {
        page.busy.hidden = !busy;
      },
      onHover: (hover) => {
        const t = translator(store.state.language);
        page.tooltip.show(hover && { ...hover, text: hover.item.hint(hover.feature, t) });
      },
      onTileError: () => {
        page.notice(say('error.tiles'));
      },
    });
    Object.assign(window, { covermap: map.maplibre });
    return map;
  } catch (error) {
    console.warn(error);
    page.canvas.replaceChildren(h('p', { class: 'state failure' }, say('error.map')));
    return null;
  }
}

/** Everything that is written in the reader's language. */
function compose(
  page: Frame,
  { api, build, store, map }: Pick<Context, 'api' | 'build' | 'store' | 'map'>,
): Part[] {
  const { language }: State = store.state;
  const context: Context = { api, build, store, map, language, t: translator(language) };
  const [bar, side] = [header(context), sheet(context)];
  const [tools, legend, panel] = [mapTools(context), mapLegend(context), detailPanel(context)];
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = `${build.name} · ${context.t('app.title')}`;
  map?.maplibre.getCanvas().setAttribute('aria-label', context.t('app.mapLabel'));
  page.top.replaceChildren(bar.element);
  page.side.replaceChildren(side.element);
  page.over.replaceChildren(legend.element, tools.element, credits(context), panel.element);
  return [bar, side, tools, legend, panel];
}
