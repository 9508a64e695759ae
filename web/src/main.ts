/** Starts the page. */

import 'maplibre-gl/dist/maplibre-gl.css';
import './styles/main.css';
import { start } from './app';

const root = document.getElementById('app');
if (root) void start(root);
