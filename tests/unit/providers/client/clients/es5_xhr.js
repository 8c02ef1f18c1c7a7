// An old client: ES5, a prototype, XMLHttpRequest.
var Tracker = function (options) {
  options = options || {};
  this.endpoint = options.endpoint || "/v1/hits";
  this.site = options.site || "default";
};

Tracker.prototype.hit = function (page) {
  var data = { site: this.site, page: String(page), at: new Date().getTime() };
  if (document.referrer) {
    data.referrer = document.referrer;
  }
  this.send(data);
};

Tracker.prototype.send = function (data) {
  var xhr = new XMLHttpRequest();
  xhr.open("POST", this.endpoint, true);
  xhr.setRequestHeader("Content-Type", "application/json; charset=utf-8");
  xhr.setRequestHeader("X-Site", this.site);
  xhr.send(JSON.stringify(data));
};

window.Tracker = Tracker;
new Tracker().hit(location.pathname);
