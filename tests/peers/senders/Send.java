// SPDX-License-Identifier: Apache-2.0
package peers.senders;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.hoh.api.IReceivable;
import ca.uhn.hl7v2.hoh.raw.api.RawSendable;
import ca.uhn.hl7v2.hoh.raw.client.HohRawClientSimple;
import ca.uhn.hl7v2.hoh.sockets.ISocketFactory;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.util.StandardSocketFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Sends a message twice as a site's Java would: over MLLP by HAPI HL7v2 and over
 * HTTP by HAPI's HL7 over HTTP, and prints what each understood of the answer.
 *
 * <p>Usage: {@code Send AUTHORITY MLLP_PORT HTTP_PORT FILE}; AUTHORITY is a
 * certificate in PEM, for TLS on both ports, or {@code -} for none. One line a
 * way: its name, MSA-1, MSA-2.
 */
public final class Send {
    private Send() {}

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            System.err.println("usage: Send AUTHORITY|- MLLP_PORT HTTP_PORT FILE");
            System.exit(2);
        }
        SSLContext tls = args[0].equals("-") ? null : trusting(Path.of(args[0]));
        String text = Files.readString(Path.of(args[3]), StandardCharsets.UTF_8);
        mllp(tls, Integer.parseInt(args[1]), text);
        http(tls, Integer.parseInt(args[2]), text);
    }

    private static SSLContext trusting(Path authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority)) {
            store.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static void mllp(SSLContext tls, int port, String text) throws Exception {
        try (HapiContext context = new DefaultHapiContext()) {
            context.setValidationContext(ValidationContextFactory.noValidation());
            context.setSocketFactory(
                    new StandardSocketFactory() {
                        @Override
                        public Socket createTlsSocket() throws IOException {
                            return tls.getSocketFactory().createSocket();
                        }
                    });
            Connection connection = context.newClient("localhost", port, tls != null);
            Message answer =
                    connection.getInitiator().sendAndReceive(context.getGenericParser().parse(text));
            var terser = new Terser(answer);
            System.out.println("mllp " + terser.get("/MSA-1") + " " + terser.get("/MSA-2"));
            connection.close();
        }
    }

    private static void http(SSLContext tls, int port, String text) throws Exception {
        var client = new HohRawClientSimple("localhost", port, "/hl7v2");
        if (tls != null) {
            client.setSocketFactory(
                    new ISocketFactory() {
                        @Override
                        public Socket createClientSocket() throws IOException {
                            return tls.getSocketFactory().createSocket();
                        }

                        @Override
                        public ServerSocket createServerSocket() throws IOException {
                            throw new IOException("a sender only");
                        }
                    });
        }
        IReceivable<String> answer = client.sendAndReceive(new RawSendable(text));
        for (String segment : answer.getMessage().split("\r")) {
            String[] field = segment.split("\\|");
            if (field[0].equals("MSA")) {
                System.out.println("http " + field[1] + " " + field[2]);
            }
        }
    }
}
