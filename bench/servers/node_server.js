// sockjs-node, used as its readme shows. NODE_PATH names the folder where it is installed.
'use strict';

const http = require('http');
const sockjs = require('sockjs');

const options = { response_limit: Number(process.argv[2]), log: () => {} };
const room = new Set();

const broadcast = sockjs.createServer(options);
broadcast.on('connection', (connection) => {
  if (connection === null) return;
  room.add(connection);
  connection.on('data', (message) => { for (const each of room) each.write(message); });
  connection.on('close', () => room.delete(connection));
});

const echo = sockjs.createServer(options);
echo.on('connection', (connection) => {
  if (connection === null) return;
  connection.on('data', (message) => connection.write(message));
});

const server = http.createServer();
broadcast.installHandlers(server, { prefix: '/broadcast' });
echo.installHandlers(server, { prefix: '/echo' });
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  console.log(`ready ${server.address().port} ${process.pid}`);
});
