(function ($) {
  $("#save").on("click", function () {
    $.ajax({
      url: "/settings/theme",
      type: "POST",
      contentType: "application/json",
      data: JSON.stringify({ theme: $("#theme").val(), dark: $("#dark").is(":checked"), size: parseInt($("#size").val(), 10) }),
    });
  });
  $.post("/settings/ping", { page: window.location.href, width: $(window).width() });
})(jQuery);
